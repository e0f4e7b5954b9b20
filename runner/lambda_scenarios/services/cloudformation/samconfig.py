"""samconfig.toml: what `sam deploy` would be told, as far as it matters to a function.

Source: docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-config.html,
and samcli/cli/types.py (CfnParameterOverridesType) for the forms of parameter overrides.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.values import Place
from lambda_scenarios.services.evaluation import scalar_text

if TYPE_CHECKING:
    from lambda_scenarios.services.documents import Documents

_NAMES = ("samconfig.toml", "samconfig.yaml", "samconfig.yml")
_DEFAULT_ENVIRONMENT = "default"
# Later ones win: what is told to `sam local invoke` is the nearest to what is done here.
_COMMANDS = ("global", "deploy", "local_invoke")
_PAIR = re.compile(
    r"(?:ParameterKey=(?P<key>[A-Za-z0-9\"']+),ParameterValue=|(?<!\S)(?P<name>[A-Za-z0-9\"']+)=)"
    r"(?P<value>\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|(?:\\.|[^\s\"\\])+)"
)
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class SamConfig(NamedTuple):
    """What was found; None and nothing where there is no such file."""

    stack_name: str | None = None
    region: str | None = None
    profile: str | None = None
    parameters: Mapping[str, str] = {}
    file: str | None = None
    warnings: tuple[Diagnostic, ...] = ()


def read_samconfig(directory: str, stage: str | None, documents: Documents) -> SamConfig:
    """The configuration of the environment named like the stage where there is one, else of `default`.

    Raises UsageError where the file can't be read.
    """
    file = next((path for path in _paths(directory) if os.path.isfile(path)), None)
    if file is None:
        return SamConfig()
    document = _toml(file, documents) if file.endswith(".toml") else documents.parsed(file)
    environments = {
        name: value for name, value in (document if isinstance(document, dict) else {}).items()
        if isinstance(value, dict)
    }  # fmt: skip
    chosen = stage if stage in environments else _DEFAULT_ENVIRONMENT
    warnings: tuple[Diagnostic, ...] = ()
    if stage and stage not in environments and environments:
        known = ", ".join(environments)
        warnings = (
            Diagnostic(
                f"{os.path.basename(file)} has no environment `{stage}`: `{_DEFAULT_ENVIRONMENT}` is read",
                Place(file, 1),
                f"it has: {known}",
                severity="warning",
            ),
        )
    found: dict[str, Any] = {}
    parameters: dict[str, str] = {}
    for command in _COMMANDS:
        table = environments.get(chosen, {}).get(command)
        settings = table.get("parameters") if isinstance(table, dict) else None
        if isinstance(settings, dict):
            found.update(settings)
            parameters.update(_overrides(settings.get("parameter_overrides"), file))
    return SamConfig(
        _text(found.get("stack_name")),
        _text(found.get("region")),
        _text(found.get("profile")),
        parameters,
        file,
        warnings,
    )


def _paths(directory: str) -> Iterator[str]:
    return (os.path.join(directory, name) for name in _NAMES)


def _toml(file: str, documents: Documents) -> Any:
    if sys.version_info >= (3, 11):
        import tomllib  # 4 ms
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(documents.text(file))
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        at = _TOML_PLACE.search(message)
        text = documents.text(file)
        line, column = (int(at[1] or 0), int(at[2] or 0)) if at else (0, 0)
        place = Place(file, line or text.count("\n") + 1, column or 1)
        problem = _TOML_PLACE.sub("", message)
        raise UsageError(
            Diagnostic(f"{os.path.basename(file)} is not TOML", place, problem[:1].lower() + problem[1:])
        ) from None
    except RecursionError:
        raise UsageError(Diagnostic(f"{os.path.basename(file)} is nested too deep", Place(file, 1))) from None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _overrides(value: Any, file: str) -> Iterator[tuple[str, str]]:
    """Pairs of a text (`A=1 B="x y"`, `ParameterKey=A,ParameterValue=1`), a mapping, a list of these."""
    if isinstance(value, list):
        for item in value:
            yield from _overrides(item, file)
    elif isinstance(value, dict):
        for name, given in value.items():
            if isinstance(given, list):
                yield str(name), ",".join(scalar_text(item) for item in given if _is_scalar(item))
            elif _is_scalar(given):
                yield str(name), scalar_text(given)
    elif isinstance(value, str) and value:
        pairs = list(_PAIR.finditer(value))
        if not pairs:
            raise UsageError(
                Diagnostic(
                    f"parameter_overrides in {os.path.basename(file)} can't be read: `{value}`",
                    _place_of(file, value),
                    "as in `Stage=prod Size=3`",
                )
            )
        for pair in pairs:
            yield _unquoted(pair["key"] or pair["name"]), _unquoted(pair["value"])


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (str, bool, int, float))


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    return re.sub(r"\\([ \"'])", r"\1", text)


def _place_of(file: str, text: str) -> Place:
    with open(file, encoding="utf-8", errors="replace") as stream:
        for number, line in enumerate(stream, 1):
            if text in line:
                return Place(file, number, line.index(text) + 1, len(text))
    return Place(file, 1)
