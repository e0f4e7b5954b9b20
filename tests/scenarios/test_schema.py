"""The schema as editors get it, and where it is found."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from lambda_scenarios import schemas

SCHEMA = schemas.load("scenario")

# Keys by section of the format's description.
KEYS = {
    "": ("version service stage params vars functions resolve defaults scenarios"),
    "scenario": (
        "name description function event event_path event_from event_set raw context context_path "
        "env expect vars tags matrix matrix_exclude cases cases_path steps timeout isolation serial "
        "retries repeat skip xfail credentials backend"
    ),
    "step": ("id function event event_path event_from event_set raw context context_path env timeout expect"),
    "function_declaration": (
        "handler runtime code timeout memory environment layers architecture image build"
    ),
    "expect": (
        "output output_includes output_path output_schema snapshot http checks error logs "
        "log_records duration_ms init_ms memory_mb"
    ),
    "matchers": (
        "$present $absent $optional $type $not $in $regex $contains $starts_with $ends_with $length "
        "$gt $gte $lt $lte $approx $format $json $base64 $partial $exactly $unordered $each $all_of "
        "$any_of $schema $literal"
    ),
}


def nodes(node: Any, path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        yield path, node
        for key, inner in node.items():
            yield from nodes(inner, f"{path}/{key}")
    elif isinstance(node, list):
        for number, inner in enumerate(node):
            yield from nodes(inner, f"{path}/{number}")


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    return SCHEMA["definitions"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node


def test_it_is_a_draft_07_schema() -> None:
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", KEYS)
def test_it_has_the_keys_of_the_format(name: str) -> None:
    node = SCHEMA["definitions"][name] if name else SCHEMA
    assert set(node["properties"]) == set(KEYS[name].split())
    assert node["additionalProperties"] is False


def test_defaults_take_all_keys_of_a_scenario_but_its_name() -> None:
    definitions = SCHEMA["definitions"]
    assert set(definitions["defaults"]["properties"]) == set(definitions["scenario"]["properties"]) - {"name"}
    assert definitions["defaults"]["allOf"] == definitions["scenario"]["allOf"]


def test_every_key_has_a_description() -> None:
    lacking = [
        f"{path}/{key}"
        for path, node in nodes(SCHEMA)
        if isinstance(node.get("properties"), dict) and not path.endswith("/properties")
        for key, inner in node["properties"].items()
        if not (inner.get("description") or resolved(inner).get("description"))
    ]
    assert lacking == []


def test_every_reference_leads_somewhere_and_every_definition_is_used() -> None:
    targets = {node["$ref"] for _, node in nodes(SCHEMA) if isinstance(node.get("$ref"), str)}
    assert targets == {f"#/definitions/{name}" for name in SCHEMA["definitions"]}


def test_branches_are_chosen_never_guessed() -> None:
    """`anyOf` and `oneOf` give errors that nobody can read; the explanations rely on their absence."""
    guessing = [path for path, node in nodes(SCHEMA) if not {"anyOf", "oneOf"}.isdisjoint(node)]
    assert guessing == []


def test_validators_are_made_once() -> None:
    assert schemas.fast_validator("scenario") is schemas.fast_validator("scenario")
    assert schemas.exact_validator("scenario") is schemas.exact_validator("scenario")
    assert schemas.load("scenario") is SCHEMA


def test_found_in_a_wheel_and_in_a_checkout(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    in_wheel, in_checkout = tmp_path / "_schemas", tmp_path / "schemas"
    monkeypatch.setattr(schemas, "_DIRECTORIES", (str(in_wheel), str(in_checkout)))
    with pytest.raises(RuntimeError, match=r"scenario\.schema\.json is neither in"):
        schemas.path("scenario")
    for directory in (in_checkout, in_wheel):
        directory.mkdir()
        (directory / "scenario.schema.json").write_text("{}")
        assert schemas.path("scenario") == os.path.join(directory, "scenario.schema.json")
