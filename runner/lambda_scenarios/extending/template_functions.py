"""Functions of extensions in templates, each a filter as well."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection
from typing import Any

from jinja2.exceptions import UndefinedError

from lambda_scenarios.extending.entry_points import UnusableExtension, aside, find, in_words, load_function
from lambda_scenarios.scenarios.template_names import TemplateError


def known(name: str, built_in: Collection[str]) -> Callable[..., Any] | None:
    """The function of that name; None where no extension has it. Raises TemplateError."""
    try:
        extension = find("template_functions", name, built_in)
        if extension is None:
            return None
        function = load_function(extension)
    except UnusableExtension as unusable:
        raise TemplateError(unusable.problem, word=name, notes=unusable.notes) from None
    return _told(name, extension.shown, function)


def _told(name: str, shown: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with what it raises told as a fault of the template that calls it."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # of a built-in one, Python doesn't know it
        signature = None

    @functools.wraps(function)
    def called(*arguments: Any, **named: Any) -> Any:
        if signature is not None:
            try:
                signature.bind(*arguments, **named)
            except TypeError:
                wanted = ", ".join(signature.parameters)
                raise TemplateError(
                    f"`{name}` doesn't take these arguments", label=f"it is `{name}({wanted})`", word=name
                ) from None
        try:
            with aside():
                return function(*arguments, **named)
        except UndefinedError:  # of what it was given: the template's own fault
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001  # it runs whatever it likes
            raise TemplateError(f"{shown} failed: {in_words(error)}", word=name) from None

    return called
