"""Variables of a service file, resolved lazily: only what is asked for, and what that refers to.

A value that nobody needs may stay unresolvable. Semantics: the Serverless Framework, version 3
(lib/configuration/variables/resolve.js), which among others resolves what a variable gives once more.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios.errors import did_you_mean
from lambda_scenarios.model.values import Json, Origin, Resolved
from lambda_scenarios.services.javascript_text import text_in_text
from lambda_scenarios.services.variable_syntax import (
    Literal,
    Lookup,
    Template,
    Variable,
    VariableSyntaxError,
    parse,
)

if TYPE_CHECKING:
    from lambda_scenarios.aws.lookups import Lookups
    from lambda_scenarios.services.modules import Modules

_DEEPEST_RESULT = 10  # variables that give variables that give variables, as in the Framework
_LONGEST_CHAIN = 40  # references from value to value; keeps Python's own stack out of reach
_DEEPEST_VALUE = 120  # the same; a file may itself be 100 deep
_MOST_EVALUATIONS = 50_000  # lists that refer to lists can double with each line
_LONGEST_TEXT = 6_000_000


class Located(NamedTuple):
    """A value, and where it stands. Variables inside of it are not resolved yet."""

    value: Json
    origin: Origin


class Missing(NamedTuple):
    """A source has no value; the next fallback is tried. `reason` completes "cannot resolve …: "."""

    reason: str
    label: str = ""
    notes: tuple[str, ...] = ()


class Asked(NamedTuple):
    """A look-up, its own variables resolved. `origin` is the value that the variable stands in."""

    source: str
    params: tuple[Json, ...]
    address: str
    origin: Origin


class UnresolvableError(Exception):
    """A value that can't be resolved: the place is `text` within the value at `origin`.

    `general` is the reason, where it holds for every other look-up too: see `aws.failures.LookupFailed`.
    """

    def __init__(
        self,
        problem: str,
        origin: Origin,
        text: str = "",
        label: str = "",
        notes: tuple[str, ...] = (),
        *,
        general: str = "",
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.origin = origin
        self.text = text
        self.label = label
        self.notes = notes
        self.general = general


class SourceError(Exception):
    """A source refuses a look-up; no fallback is tried. `problem` completes "cannot resolve …: "."""

    def __init__(
        self, problem: str, label: str = "", notes: tuple[str, ...] = (), *, general: bool = False
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.label = label
        self.notes = notes
        self.general = general


Source = Callable[["Resolver", Asked], Located | Missing]


class Settings(NamedTuple):
    """The world that a service file is resolved in. `root` is the service's absolute directory.

    `resolve` has values that need no look-up, by what refers to them: see `service.ServiceOptions`.
    """

    root: str
    environ: Mapping[str, str]
    stage: str | None
    region: str | None
    params: Mapping[str, str]
    instance_id: str
    text_of: Callable[[str], str]  # a file's text; raises FileNotFoundError, UsageError
    parsed: Callable[[str], Json]  # a file's value; the same
    modules: "Callable[[], Modules]"  # the programs of the service
    lookups: "Lookups"
    aws_profile: str | None = None
    resolve: Mapping[str, Resolved] = {}


class Resolver:
    """Resolves values of one document, with one set of options. Results are kept."""

    def __init__(self, document: Json, file: str, sources: Mapping[str, Source], settings: Settings) -> None:
        self.document = Located(document, Origin(file))
        self.settings = settings
        self._sources = sources
        self._resolved: dict[Origin, Located] = {}
        self._active: list[Origin] = []  # strings being resolved, from the asker to the asked
        self._containers: list[Origin] = []  # mappings and lists being resolved as a whole
        self._evaluations = 0  # for the value that was asked for last
        self.dotenv: Mapping[str, str] | None = None  # filled by the source `env` on first need

    def lookup(self, *path: str) -> Located | None:
        """The value at a path from the document's root: see `follow`."""
        return self.follow(self.document, path)

    def follow(self, start: Located, path: tuple[str, ...], *, settle_last: bool = True) -> Located | None:
        """The value at `path` inside `start`; None where there is none, or null.

        Every value on the way is resolved as far as it takes to go on; the last one too, unless
        `settle_last` is False, but never what is inside of it. Raises UnresolvableError.
        """
        found = start
        for key in path:
            found = self.settle(found)
            value = found.value
            if isinstance(value, dict) and key in value:
                found = Located(value[key], found.origin.at(key))
            elif isinstance(value, list) and key.isascii() and key.isdigit() and int(key) < len(value):
                found = Located(value[int(key)], found.origin.at(int(key)))
            else:
                return None
        if settle_last:
            found = self.settle(found)
        return None if found.value is None else found

    def settle(self, found: Located) -> Located:
        """`found` with its own variables resolved, if it is a string with any; else as it is."""
        if not isinstance(found.value, str) or "${" not in found.value:
            return found
        known = self._resolved.get(found.origin)
        if known is not None:
            return known
        if found.origin in self._active:
            raise self._cycle(self._active, found)
        if not self._active and not self._containers:
            self._evaluations = 0
        if len(self._active) >= _LONGEST_CHAIN:
            raise UnresolvableError(
                f"more than {_LONGEST_CHAIN} values refer to each other in a row", found.origin
            )
        self._active.append(found.origin)
        try:
            result = self._evaluate(found.value, found.origin, 0)
        except RecursionError:  # variables within variables, over and over
            raise UnresolvableError("the variables of this value are nested too deep", found.origin) from None
        finally:
            self._active.pop()
        self._resolved[found.origin] = result
        return result

    def deep(self, found: Located) -> Json:
        """The value with all variables inside of it resolved. Raises UnresolvableError."""
        if not self._active and not self._containers:
            self._evaluations = 0
        self._count(found.origin)
        found = self.settle(found)
        value = found.value
        if len(self._containers) > _DEEPEST_VALUE:
            raise UnresolvableError(f"this value is nested more than {_DEEPEST_VALUE} deep", found.origin)
        if not isinstance(value, (dict, list)) or not value:
            return value
        if found.origin in self._containers:
            raise self._cycle(self._containers, found)
        self._containers.append(found.origin)
        try:
            if isinstance(value, dict):
                return {key: self.deep(Located(item, found.origin.at(key))) for key, item in value.items()}
            return [self.deep(Located(item, found.origin.at(i))) for i, item in enumerate(value)]
        finally:
            self._containers.pop()

    def expression(self, text: str, origin: Origin) -> Json:
        """What `${text}`, written in the value at `origin`, stands for, all of it resolved.

        Raises UnresolvableError.
        """
        written = f"${{{text}}}"
        found = self._evaluate(written, origin, 0)
        if found.value == written:
            raise UnresolvableError(f"`{_shortened(text)}` is no variable", origin)
        return self.deep(found)

    def stage(self) -> str:
        """The stage: the option, else `provider.stage`, else `dev`. Raises UnresolvableError."""
        if self.settings.stage:
            return self.settings.stage
        found = self.lookup("provider", "stage")
        text = text_in_text(found.value) if found else None
        return text or "dev"

    def region(self) -> str:
        """The region: the option, else `provider.region`, else us-east-1. Raises UnresolvableError."""
        if self.settings.region:
            return self.settings.region
        found = self.lookup("provider", "region")
        text = text_in_text(found.value) if found else None
        return text or "us-east-1"

    def profile(self) -> str | None:
        """Whose credentials AWS is asked with, None for what the SDK finds. Raises UnresolvableError.

        What the environment says wins over `provider.profile`, as in the Framework
        (lib/plugins/aws/provider.js, getCredentials).
        """
        settings = self.settings
        if settings.aws_profile is not None:
            return settings.aws_profile
        if settings.environ.get("AWS_ACCESS_KEY_ID") or settings.environ.get("AWS_PROFILE"):
            return None
        found = self.lookup("provider", "profile")
        return text_in_text(found.value) if found else None

    def _evaluate(self, text: str, origin: Origin, depth: int) -> Located:
        """The value of a string with variables. A variable that is the whole string keeps its type."""
        self._count(origin)
        try:
            template = parse(text)
        except VariableSyntaxError as error:
            raise UnresolvableError(
                f"`{_shortened(text)}`: {error.problem}", origin, text[error.start : error.end]
            ) from None
        if depth > _DEEPEST_RESULT:
            raise UnresolvableError(
                f"variables give variables, more than {_DEEPEST_RESULT} deep", origin, text
            )
        return self._filled(template, text, origin, depth)

    def _filled(self, template: Template, text: str, origin: Origin, depth: int) -> Located:
        parts: list[str] = []
        for part in template.parts:
            if isinstance(part, str):
                parts.append(part)
                continue
            written = text[part.start : part.end]
            found = self._variable(part, text, origin, depth)
            if isinstance(found.value, str) and "${" in found.value:
                found = self._again(found, origin, depth)
            if len(template.parts) == 1:
                return found
            part_text = text_in_text(found.value)
            if part_text is None:
                kind = "null" if found.value is None else "a mapping"
                raise UnresolvableError(
                    f"`{written}` is {kind}, which can't stand inside a longer text", origin, written
                )
            parts.append(part_text)
        joined = "".join(parts)
        if len(joined) > _LONGEST_TEXT:
            raise UnresolvableError("the text that these variables make is too long", origin)
        return Located(joined, origin)

    def _again(self, found: Located, origin: Origin, depth: int) -> Located:
        assert isinstance(found.value, str)  # the caller looked
        if found.origin == origin:
            return self._evaluate(found.value, origin, depth + 1)
        return self.settle(found)

    def _variable(self, variable: Variable, text: str, origin: Origin, depth: int) -> Located:
        """What the first source that has a value gives."""
        written = text[variable.start : variable.end]
        missing = Missing("")
        options: list[str] = []
        for source in variable.sources:
            if isinstance(source, Literal):
                return Located(source.value, origin)
            found = self._look_up(source, written, text, origin, depth)
            if isinstance(found, Located) and found.value is not None:
                return found
            if isinstance(found, Missing):
                missing = found
                if source.source == "opt":
                    options.append(found.reason)
        notes = (f"{reason}; it would come first" for reason in options if reason != missing.reason)
        raise UnresolvableError(
            f"cannot resolve `{written}`: {missing.reason}",
            origin,
            written,
            missing.label,
            (*missing.notes, *notes),
        )

    def _look_up(
        self, lookup: Lookup, written: str, text: str, origin: Origin, depth: int
    ) -> Located | Missing:
        source = self._sources.get(lookup.source)
        address = self._filled(lookup.address, text, origin, depth).value if lookup.address else ""
        address_text = text_in_text(address)
        if address_text is None:
            raise UnresolvableError(f"the address of `{written}` is no text", origin, written)
        given = self.settings.resolve.get(f"{lookup.source}:{address_text}")
        if given is not None:
            return Located(given if isinstance(given, str) else list(given), origin)
        if source is None:
            raise self._unknown_source(lookup.source, written, origin)
        params = tuple(
            param.value if isinstance(param, Literal) else self._filled(param, text, origin, depth).value
            for param in lookup.params or ()
        )
        try:
            return source(self, Asked(lookup.source, params, address_text, origin))
        except SourceError as error:
            raise UnresolvableError(
                f"cannot resolve `{written}`: {error.problem}",
                origin,
                written,
                error.label,
                error.notes,
                general=error.problem if error.general else "",
            ) from None

    def _unknown_source(self, source: str, written: str, origin: Origin) -> UnresolvableError:
        from lambda_scenarios.services.aws_sources import old_form

        old = old_form(source)
        if old is not None:
            return UnresolvableError(f"cannot resolve `{written}`: {old[0]}", origin, written, old[1])
        from lambda_scenarios.services import plugins

        close = did_you_mean(source, tuple(self._sources))
        problem, notes = plugins.unknown_source(self, source)
        problem = f"cannot resolve `{written}`: {problem}"
        if close and "no variable source" in problem:
            return UnresolvableError(problem, origin, written, f"did you mean `{close}`?")
        return UnresolvableError(problem, origin, written, "plugins are not run", notes)

    def _cycle(self, active: list[Origin], found: Located) -> UnresolvableError:
        ring = [*active[active.index(found.origin) :], found.origin]
        chain = " → ".join(path_text(origin) for origin in ring)
        return UnresolvableError(f"these values refer to each other in a circle: {chain}", found.origin)

    def _count(self, origin: Origin) -> None:
        self._evaluations += 1
        if self._evaluations > _MOST_EVALUATIONS:
            raise UnresolvableError("the variables of this file multiply without end", origin)


def path_text(origin: Origin) -> str:
    """The path of a value as variables write it: `custom.tables.0`."""
    return ".".join(str(key) for key in origin.path) or "the whole file"


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"
