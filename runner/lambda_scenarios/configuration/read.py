"""The configuration file, read: its settings with presets over them, and what they mean to scenario files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lambda_scenarios.configuration.find import PYPROJECT, Found
from lambda_scenarios.configuration.settings import RULES, SETTINGS, are_plainly_sound
from lambda_scenarios.errors import Diagnostic, UsageError, did_you_mean
from lambda_scenarios.model.values import DocPath, Json, Origin, Place
from lambda_scenarios.scenarios.build import TOP, Above, as_text
from lambda_scenarios.scenarios.merging import NOTHING, Inherited, over


class Configuration(NamedTuple):
    """What the configuration file says. `file` (absolute) is None where there is none.

    `settings` are those of the top level with the presets over them; none where there are `problems`.
    """

    root: str
    file: str | None = None
    presets: tuple[str, ...] = ()  # all that there are
    settings: Inherited = NOTHING
    problems: tuple[Diagnostic, ...] = ()


def read(found: Found, presets: Sequence[str] = ()) -> Configuration:
    """The configuration, with the named presets over it, the later over the earlier. Never raises."""
    try:
        return _read(found, presets)
    except UsageError as error:
        file = found.files[0][0] if found.files else None
        return Configuration(found.root, file, problems=error.diagnostics)


def _read(found: Found, presets: Sequence[str]) -> Configuration:
    sources = [source for path, data in found.files if (source := _source(path, data)).value is not None]
    if len(sources) > 1:
        names = " and ".join(os.path.basename(source.origin.file) for source in sources)
        raise UsageError(
            Diagnostic(
                f"{names} both have settings of lambda-scenarios",
                sources[-1].origin,
                "put all of them into one file",
            )
        )
    if not sources:
        if presets:
            raise UsageError(_no_presets(found, presets[0]))
        return Configuration(found.root, found.files[0][0] if found.files else None)
    value, origin = sources[0]
    problems = [*_structure(value, origin)]
    if not problems:
        problems += _contradictions(value, origin)
    if problems:
        raise UsageError(*problems)
    table: dict[str, Any] = {name: item for name, item in value.items() if name in SETTINGS}
    known: Mapping[str, Any] = value.get("presets") or {}
    settings = over(NOTHING, table, origin, rules=RULES)
    for name in presets:
        if name not in known:
            raise UsageError(_no_preset(name, known, origin))
        settings = over(settings, known[name], origin.at("presets", name), rules=RULES)
    return Configuration(found.root, origin.file, tuple(known), settings)


class _Source(NamedTuple):
    """What a file says, None for nothing, and where that stands."""

    value: Any
    origin: Origin


def _source(path: str, data: bytes | None) -> _Source:
    if data is None:
        raise UsageError(Diagnostic(f"{os.path.basename(path)} can't be read", Place(path, 1)))
    if os.path.basename(path) == PYPROJECT:
        from lambda_scenarios.configuration import toml_source

        return _Source(toml_source.parse(data, path), Origin(path, toml_source.TABLE))
    from lambda_scenarios.scenarios.yaml_source import parse

    value = parse(data, path)
    return _Source(None if value == {} else value, Origin(path))


def _structure(value: Json, origin: Origin) -> tuple[Diagnostic, ...]:
    if are_plainly_sound(value):
        return ()
    from lambda_scenarios.scenarios.structure import problems_of_settings

    return problems_of_settings(value, origin)


def _contradictions(value: Mapping[str, Any], origin: Origin) -> list[Diagnostic]:
    """What one mapping says that can't be both, and texts that mean nothing."""
    presets: Mapping[str, Any] = value.get("presets") or {}
    problems = []
    for place, table in (
        (origin, value),
        *((origin.at("presets", name), preset) for name, preset in presets.items()),
    ):
        role = table.get("assume_role", False)
        if role and table.get("credentials", "role") != "role":
            problem = f"`assume_role` and `credentials: {table['credentials']}` contradict each other"
            problems.append(Diagnostic(problem, place.at("assume_role").as_key()))
        if isinstance(role, str):
            from lambda_scenarios.aws.roles import is_role

            if not is_role(role):
                problem = f"`assume_role` must be true or the ARN of a role, not `{role}`"
                label = "as in arn:aws:iam::123456789012:role/orders"
                problems.append(Diagnostic(problem, place.at("assume_role"), label))
    return problems


def _no_presets(found: Found, name: str) -> Diagnostic:
    if found.files:
        path = found.files[0][0]
        return Diagnostic(f"no preset `{name}`", Place(path, 1), "presets stand here under `presets:`")
    return Diagnostic(
        f"--preset {name}: there is no configuration file",
        notes=("presets stand under `presets:` of lambda-scenarios.yml, at the root of the project",),
    )


def _no_preset(name: str, known: Mapping[str, Any], origin: Origin) -> Diagnostic:
    near = did_you_mean(name, list(known))
    if not known:
        return Diagnostic(f"no preset `{name}`", origin, "presets stand here under `presets:`")
    listed = "there are: " + ", ".join(known)
    label = f"did you mean `{near}`? {listed[0].upper()}{listed[1:]}" if near else listed
    return Diagnostic(f"no preset `{name}`", origin.at("presets").as_key(), label)


# What scenario files call it.
_KEYS = {
    "backend": "backend",
    "isolation": "isolation",
    "retries": "retries",
    "repeat": "repeat",
    "timeout": "timeout",
    "credentials": "credentials",
    "env": "env",
    "var": "vars",
}


def above(configuration: Configuration) -> Above:
    """What scenario files inherit from the configuration: it is weaker than all of them."""
    keys, origins = configuration.settings
    if not keys:
        return TOP
    mine: dict[str, Any] = {}
    places: dict[DocPath, Origin] = {}
    for setting, key in _KEYS.items():
        if setting in keys:
            mine[key] = keys[setting]
            places[key,] = origins[setting,]
    for path, origin in origins.items():
        if len(path) == 2 and path[0] in ("env", "var"):
            places[_KEYS[str(path[0])], path[1]] = origin
    if keys.get("assume_role"):
        mine["credentials"] = "role"
        places["credentials",] = origins["assume_role",]
    service = keys.get("service")
    return Above(
        service=TOP.service
        if service is None
        else os.path.normpath(os.path.join(configuration.root, service)),
        service_at=origins.get(("service",)),
        stage=keys.get("stage"),
        params={name: as_text(value) for name, value in keys.get("param", {}).items()},
        scenario=Inherited(mine, places),
        templated=any(map(_may_be_template, (keys.get("env"), keys.get("var")))),
    )


def _may_be_template(value: Json) -> bool:
    if isinstance(value, dict):
        return any(map(_may_be_template, value.values()))
    if isinstance(value, list):
        return any(map(_may_be_template, value))
    return isinstance(value, str) and "{" in value
