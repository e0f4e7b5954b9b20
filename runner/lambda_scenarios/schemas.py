"""The JSON Schemas that this program ships, and validators for them, made once a process."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any, Literal

Name = Literal["scenario", "defaults", "config", "report"]

_PACKAGE = os.path.dirname(os.path.abspath(__file__))
# In a wheel beside the modules; in a checkout two directories up (see pyproject.toml).
_DIRECTORIES = (
    os.path.join(_PACKAGE, "_schemas"),
    os.path.join(os.path.dirname(os.path.dirname(_PACKAGE)), "schemas"),
)

_loaded: dict[str, dict[str, Any]] = {}
_fast: dict[str, Any] = {}
_exact: dict[str, Any] = {}


def load(name: Name) -> dict[str, Any]:
    """The schema by name. Not to be changed by the caller: it is shared.

    Raises RuntimeError where the installation lacks it: a defect of the package, not of the user's files.
    """
    schema = _loaded.get(name)
    if schema is None:
        schema = _loaded[name] = _defaults() if name == "defaults" else _read(name)
    return schema


def _read(name: Name) -> dict[str, Any]:
    with open(path(name), encoding="utf-8") as stream:
        schema: dict[str, Any] = json.load(stream)
    return schema


def _defaults() -> dict[str, Any]:
    """That of `_defaults.yml`: a scenario file without its scenarios."""
    schema = load("scenario")
    definitions = {
        name: node for name, node in schema["definitions"].items() if name not in ("scenario", "name")
    }
    return {
        **{key: node for key, node in schema.items() if key != "required"},
        "title": "Defaults of a directory (_defaults.yml) of lambda-scenarios, version 1",
        "description": "What the scenario files of this directory, and below it, share: the top level of "
        "a scenario file without `scenarios`. Keys that begin with `x-` are allowed, for anchors.",
        "properties": {key: node for key, node in schema["properties"].items() if key != "scenarios"},
        "definitions": definitions,
    }


def learn(matchers: Iterable[str], backends: Iterable[str]) -> bool:
    """From now on the schemas of what people write know matchers (with their `$`) and backends of extensions
    as well; whether that is any news."""
    definitions = load("scenario")["definitions"]
    known, choices = definitions["matchers"]["properties"], definitions["backend"]["else"]["enum"]
    new_matchers = [name for name in matchers if name not in known]
    new_backends = [name for name in backends if name not in choices]
    known |= {name: {"description": "A matcher of an extension."} for name in new_matchers}
    choices += new_backends
    if new_backends:
        load("config")["definitions"]["backend"]["enum"] += new_backends
    if not new_matchers and not new_backends:
        return False
    _fast.clear()
    _exact.clear()
    return True


def path(name: Name) -> str:
    """The schema's file. Raises RuntimeError as `load` does."""
    file = f"{name}.schema.json"
    for directory in _DIRECTORIES:
        candidate = os.path.join(directory, file)
        if os.path.isfile(candidate):
            return candidate
    looked = " or ".join(_DIRECTORIES)
    raise RuntimeError(f"this installation is incomplete: {file} is neither in {looked}; install it again")


def fast_validator(name: Name) -> Any:
    """A `jsonschema_rs` validator with `is_valid`: quick, silent about reasons."""
    validator = _fast.get(name)
    if validator is None:
        import jsonschema_rs

        validator = _fast[name] = jsonschema_rs.validator_for(load(name))
    return validator


def exact_validator(name: Name) -> Any:
    """A `jsonschema` validator with `iter_errors`: slow to import, tells what is wrong where."""
    validator = _exact.get(name)
    if validator is None:
        import jsonschema

        validator = _exact[name] = jsonschema.Draft7Validator(load(name))
    return validator
