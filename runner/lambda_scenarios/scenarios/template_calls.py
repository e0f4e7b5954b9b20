"""Functions and filters of templates that are called wrongly, or not at all: told as templates call them."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

from lambda_scenarios.scenarios.template_names import TemplateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# How Python begins to say that arguments don't fit, and Jinja2's prefixes of filters and tests.
_MISFIT = re.compile(r"(?P<owner>.*\.)?(?:(?:sync_)?do_|test_)?(?P<name>\w+)\(\) (?:takes|missing|got)\b")

_ANY_NUMBER = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def uncalled(function: Callable[..., Any]) -> TemplateError:
    """The fault of a template that gives a function instead of what it returns."""
    name = getattr(function, "__name__", None) or getattr(function, "name", None)  # macros have the latter
    if name is None:
        return TemplateError("a template gives a function, which JSON can't say")
    wanted = ", ".join(_parameters(function, required=True))
    return TemplateError(f"a template gives the function `{name}`", label=f"call it: `{name}({wanted})`")


def misfit(
    error: TypeError, names: Mapping[str, object], filters: Mapping[str, Callable[..., Any]]
) -> TemplateError | None:
    """The fault of arguments that don't fit what is called; None where `error` is about something else."""
    found = _MISFIT.match(str(error))
    if found is None:
        return None
    name = found["name"]
    label = ""
    if callable(function := names.get(name)):
        label = f"it is `{name}({', '.join(_parameters(function))})`"
    elif found["owner"] is None and name in filters:
        # The value comes before the arguments, and Jinja2's own context before the value.
        own = 2 if hasattr(filters[name], "jinja_pass_arg") else 1
        wanted = ", ".join(_parameters(filters[name])[own:])
        label = f"the filter takes `({wanted})`" if wanted else "the filter takes no arguments"
    return TemplateError(f"`{name}` doesn't take these arguments", label=label, word=name)


def _parameters(function: Callable[..., Any], *, required: bool = False) -> list[str]:
    """Their names, `…` for any number of them; none where Python doesn't know them."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    if required:
        return [p.name for p in parameters if p.default is p.empty and p.kind not in _ANY_NUMBER]
    return ["…" if p.kind in _ANY_NUMBER else p.name for p in parameters]
