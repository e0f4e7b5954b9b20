"""The Jinja2 environment of scenario templates, and how a template that fails explains itself.

Importing this module imports Jinja2 (90 ms): `templating` does so only for a string that is a template.
"""

from __future__ import annotations

import math
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import TYPE_CHECKING, Any, NamedTuple

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, Undefined, UndefinedError, nodes
from jinja2.environment import TemplateExpression
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from lambda_scenarios.errors import UsageError, did_you_mean
from lambda_scenarios.scenarios import template_calls, template_filters, template_limits
from lambda_scenarios.scenarios.template_names import FUNCTIONS, Budget, Pending, TemplateError, kind_of

if TYPE_CHECKING:
    from jinja2.runtime import Context

    from lambda_scenarios.model.values import Json

# Jinja2's lexer turns every CR LF and CR into LF; a value that has one keeps it behind this
# noncharacter, which no text holds.
_CARRIAGE_RETURN = "\ufdd0"

# Names that can't be written in a template: the way to the scenario's budget, and the filter that counts
# the rounds of loops.
BUDGET = " budget"
_COUNTED = " counted"


class MissingNameError(UndefinedError):
    """Something undefined was used: `owner` is what was searched (None: the names themselves)."""

    def __init__(self, message: str | None, owner: object, name: object) -> None:
        super().__init__(message)
        self.owner = owner
        self.name = name


class Missing(StrictUndefined):
    """An undefined value that remembers what was looked for, and in what."""

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = None,
        name: str | None = None,
        exc: Callable[[str], Exception] = UndefinedError,
    ) -> None:
        super().__init__(hint, obj, name)
        searched = self._undefined_obj
        if exc is UndefinedError:
            owner = None if type(searched).__name__ == "MissingType" else searched

            def exc(message: str) -> Exception:
                return MissingNameError(message, owner, name)

        # Jinja2 only ever calls it with the message; a class isn't needed
        self._undefined_exception = exc  # type: ignore[assignment]  # Jinja2 types the attribute by its default


class Compiled(NamedTuple):
    """A template: `expression` where it is one whole `{{ … }}`, whose result keeps its type."""

    template: Template | None
    expression: TemplateExpression | None


class ScenarioEnvironment(ImmutableSandboxedEnvironment):
    """The sandbox, with keys before attributes on mappings, and with limits."""

    intercepted_binops = frozenset({"*", "**", "+", "%"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        # Jinja2 would find the method `items` of a mapping before its key
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        template_limits.check_operation(operator, left, right)
        return super().call_binop(context, operator, left, right)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 - a template may pass an argument named `self`
        budget = __context.get(BUDGET)
        if isinstance(budget, Budget):
            budget.spend(10)  # a call costs more than a round of a loop
        template_limits.check_call(__obj, args, kwargs)
        return super().call(__context, __obj, *args, **kwargs)


def _printable(value: object) -> object:
    """What stands inside of a text, where a function or an infinity would be printed in Python's words."""
    if isinstance(value, float):
        _check_finite(value)
    elif callable(value) and not isinstance(value, Undefined):  # those raise what fits better
        raise template_calls.uncalled(value)
    return value


def _check_finite(value: float) -> None:
    if not math.isfinite(value):
        raise _not_finite("nan" if math.isnan(value) else "inf")


def _not_finite(name: str) -> TemplateError:
    if name == "nan":
        return TemplateError("a template gives NaN, which JSON can't say")
    return TemplateError("a template makes a number that is too large: 1.8e308 is the limit")


def _make_environment() -> ScenarioEnvironment:
    environment = ScenarioEnvironment(
        undefined=Missing, keep_trailing_newline=True, autoescape=False, finalize=_printable
    )
    del environment.globals["lipsum"]  # draws from an unseeded generator
    environment.filters.update(template_limits.limited(environment.filters))
    environment.filters.update(template_filters.FILTERS)
    environment.filters[_COUNTED] = template_filters.counted
    return environment


_environment = _make_environment()
BUILT_IN = frozenset((*FUNCTIONS, *_environment.filters, *_environment.globals))
_compiled: dict[str, Compiled] = {}
_MOST_COMPILED = 1000  # some 10 kB each


def evaluate(text: str, names: Mapping[str, object]) -> Json:
    """The value of a template: of its expression's type where it is one whole `{{ … }}`, else text.

    Raises TemplateError. UsageErrors of what it calls pass through.
    """
    try:
        compiled = _compiled.get(text)
        if compiled is None:
            if len(_compiled) >= _MOST_COMPILED:
                _compiled.clear()
            compiled = _compiled[text] = _compile(text)
        if compiled.expression is not None:
            return plain(compiled.expression(names))
        assert compiled.template is not None
        return _joined(compiled.template.generate(names))
    except Exception as error:  # noqa: BLE001 - an expression may raise anything: it is told to its author
        raise _fault(error, text, names) from None


def evaluate_file(text: str, names: Mapping[str, object]) -> str:
    """The text of a file that is a template. Raises TemplateError, with `line` set where it is known."""
    try:
        return _joined(_environment.from_string(_parsed(text)).generate(names))
    except Exception as error:  # noqa: BLE001 - as in `evaluate`
        raise _fault(error, text, names) from None


def _parsed(text: str) -> nodes.Template:
    tree = _environment.parse(text)
    _learn(tree)
    for loop in tree.find_all(nodes.For):
        loop.iter = nodes.Filter(loop.iter, _COUNTED, [], [], None, None, lineno=loop.lineno)
    tree.set_environment(_environment)
    return tree


def _learn(tree: nodes.Template) -> None:
    """Takes in the functions of extensions that a template calls. Raises TemplateError."""
    filters = {node.name for node in tree.find_all(nodes.Filter)}.difference(_environment.filters)
    called = {node.node.name for node in tree.find_all(nodes.Call) if isinstance(node.node, nodes.Name)}
    strange = sorted(filters | called.difference(FUNCTIONS, _environment.globals))
    if not strange:
        return
    from lambda_scenarios.extending.template_functions import known

    for name in strange:
        function = known(name, BUILT_IN)
        if function is not None:
            _environment.filters[name] = _environment.globals[name] = function


def _compile(text: str) -> Compiled:
    tree = _parsed(text.replace("\r", _CARRIAGE_RETURN))
    if "\r" in text:
        for data in tree.find_all(nodes.TemplateData):
            data.data = data.data.replace(_CARRIAGE_RETURN, "\r")
        for constant in tree.find_all(nodes.Const):
            if isinstance(constant.value, str):
                constant.value = constant.value.replace(_CARRIAGE_RETURN, "\r")
    if len(tree.body) == 1 and isinstance(tree.body[0], nodes.Output):
        parts = tree.body[0].nodes
        if len(parts) == 1 and not isinstance(parts[0], nodes.TemplateData):
            # as Environment.compile_expression does, without cutting the braces off by hand
            assignment = nodes.Assign(nodes.Name("result", "store", lineno=1), parts[0], lineno=1)
            whole = nodes.Template([assignment], lineno=1).set_environment(_environment)
            assert isinstance(whole, nodes.Template)
            return Compiled(
                None, TemplateExpression(_environment.from_string(whole), undefined_to_none=False)
            )
    return Compiled(_environment.from_string(tree), None)


def _joined(pieces: Iterator[str]) -> str:
    parts, length = [], 0
    for piece in pieces:
        length += len(piece)
        if length > template_limits.MOST_TEXT:
            raise TemplateError(f"a template gives more than {template_limits.MOST_TEXT:,} characters")
        parts.append(piece)
    return "".join(parts)


def plain(value: object) -> Json:
    """What an expression gave, as JSON can say it. Raises MissingNameError, TemplateError.

    Generators and tuples become lists; an undefined value is found however deep it lies.
    """
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return value if type(value) is str else str(value)  # Markup
    if isinstance(value, float):
        _check_finite(value)
        return value
    if isinstance(value, Undefined):
        str(value)  # raises
    if isinstance(value, Mapping):
        return _plain_mapping(value)
    if isinstance(value, (list, tuple, range, Iterator, KeysView, ValuesView, ItemsView)):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        raise TemplateError(
            "a template gives bytes that are no UTF-8 text", notes=("`| b64encode` makes text of them",)
        )
    if callable(value):
        raise template_calls.uncalled(value)
    raise TemplateError(f"a template gives a {type(value).__name__}, which JSON can't say")


def _plain_mapping(value: Mapping[Any, object]) -> dict[str, Json]:
    result: dict[str, Json] = {}
    for key in value:
        if not isinstance(key, str):
            raise TemplateError(f"a template gives a mapping with the key {key!r}: keys must be strings")
        result[str(key)] = plain(value[key])
    return result


def _fault(error: Exception, text: str, names: Mapping[str, object]) -> Exception:
    """Why a template failed, for its author. UsageErrors, and Pending, stay as they are."""
    if isinstance(error, (UsageError, Pending)):
        return error
    line = _line(error)
    if isinstance(error, TemplateError):
        error.line = error.line or line
        return error
    if isinstance(error, MissingNameError):
        return _missing(error, text, names, line)
    if isinstance(error, TemplateSyntaxError):
        return _syntax(error, text)
    told = _in_words(error, names)
    if told is not None:
        told.line = line
        return told
    notes: tuple[str, ...] = ()
    if isinstance(error, SecurityError):
        problem = f"a template may not do that: {_one_line(error)}"
    elif isinstance(error, RecursionError):
        problem = "a template is nested too deeply, or calls itself without end"
    elif isinstance(error, MemoryError):
        problem = "a template needs too much memory"
    elif isinstance(error, TypeError) and "no loader" in str(error):
        problem = "templates can't include, import or extend others"
        notes = ("`{{ read_text(path) }}` reads a file",)
    else:
        problem = f"a template fails: {_one_line(error)}"
    return TemplateError(problem, line=line, notes=notes)


def _in_words(error: Exception, names: Mapping[str, object]) -> TemplateError | None:
    """Faults whose message would name what only Python knows."""
    if isinstance(error, TypeError):
        return template_calls.misfit(error, names, _environment.filters)
    if isinstance(error, NameError) and error.name in ("inf", "nan"):  # Jinja2 compiles constants so
        return _not_finite(error.name)
    return None


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 300 else text[:299] + "…"  # some quote their whole operand


def _line(error: BaseException) -> int:
    """The line in the template's text, from the traceback, whose frames Jinja2 rewrites."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _syntax(error: TemplateSyntaxError, text: str) -> TemplateError:
    message = error.message or "syntax error"
    quoted = [part for part in message.split("'")[1::2] if part]
    for kind, known in (("filter", _environment.filters), ("test", _environment.tests)):
        if message.startswith(f"No {kind} named") and quoted:
            near = did_you_mean(quoted[0], sorted(known))
            label = f"did you mean `{near}`?" if near else ""
            return TemplateError(f"no {kind} `{quoted[0]}`", label=label, word=quoted[0], line=error.lineno)
    return TemplateError(
        f"template syntax: {message[:1].lower()}{message[1:].rstrip('.')}",
        word=_broken_block(text, quoted),
        line=error.lineno,
        notes=("text with braces that is no template stands in `{% raw %}…{% endraw %}`",),
    )


def _broken_block(text: str, quoted: list[str]) -> str:
    """The first `{{ … }}` that the parser refuses by itself, or the word in it that it complains of."""
    import re

    for block in re.findall(r"\{\{.*?\}\}|\{\{.*", text, re.DOTALL):
        try:
            _environment.parse(block)
        except TemplateSyntaxError:
            inside = [word for word in quoted if block.count(word) == 1 and word not in ("{", "}")]
            return inside[-1] if inside else block.split("\n")[0]
    return ""


def _missing(error: MissingNameError, text: str, names: Mapping[str, object], line: int) -> TemplateError:
    name, owner = str(error.name), error.owner
    chain = _written(text, name) if owner is not None else name
    if owner is None:
        return TemplateError(f"`{name}` is undefined", label=_known_name(name, names), word=name, line=line)
    if not isinstance(owner, Mapping):
        problem = f"`{chain}` is undefined: what stands before it is {kind_of(owner)}"
        return TemplateError(problem, word=chain, line=line)
    known = [key for key in owner if isinstance(key, str)]
    near = did_you_mean(name, known)
    if near is not None:
        label = f"did you mean `{near}`?"
    elif owner is names.get("env"):
        label = f"set it, or give a fallback: `{chain} | default('…')`"
    elif owner is names.get("steps"):
        label = f"the steps before are: {', '.join(known)}" if known else "no step is before"
    elif known:
        label = "there are: " + ", ".join(known[:8]) + (", …" if len(known) > 8 else "")
    else:
        label = "there are no keys"
    return TemplateError(f"`{chain}` is undefined", label=label, word=chain, line=line)


def _known_name(name: str, names: Mapping[str, object]) -> str:
    for room in ("vars", "case", "matrix"):
        if name in names.get(room, ()):  # type: ignore[operator]  # these three are mappings where they are
            return f"did you mean `{room}.{name}`?"
    if name == "steps":
        return "only what belongs to a step can ask for earlier ones"
    if name in ("matrix", "case"):
        return f"this scenario has no {'cases' if name == 'case' else name}"
    near = did_you_mean(name, [known for known in names if known.isidentifier()])
    return f"did you mean `{near}`?" if near else ""


def _written(text: str, name: str) -> str:
    """The dotted path that ends in `name`, as the template has it; else the name."""
    try:
        tree = _environment.parse(text)
    except TemplateSyntaxError:  # a file whose carriage returns were kept
        return name
    found = {
        path
        for node in tree.find_all((nodes.Getattr, nodes.Getitem))
        if (path := _path(node)) is not None and (path.endswith("." + name))
    }
    return found.pop() if len(found) == 1 else name


def _path(node: nodes.Node) -> str | None:
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        start, last = _path(node.node), node.attr
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        start, last = _path(node.node), str(node.arg.value)
    else:
        return None
    return None if start is None else f"{start}.{last}"
