"""One scenario to several: matrix, cases; names, tags and functions rendered; names unique per file."""

from __future__ import annotations

import contextlib
import itertools
import math
from typing import TYPE_CHECKING, NamedTuple, cast

from lambda_scenarios.errors import Diagnostic, UsageError, did_you_mean, settle
from lambda_scenarios.scenarios.build import as_text
from lambda_scenarios.scenarios.draft import Draft, Expanded, RunSettings, ScenarioFile
from lambda_scenarios.scenarios.function_lookup import FunctionLookup
from lambda_scenarios.scenarios.referenced_files import ReferencedFiles
from lambda_scenarios.scenarios.templating import Scope, is_template

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lambda_scenarios.model.values import Json
    from lambda_scenarios.services.catalog import Catalog

_MOST = 100_000  # scenarios of one matrix
_LONGEST = 100  # characters of a value in a name


class _Variant(NamedTuple):
    """One combination or row. `numbers` counts its values from 1 where the axis (or the rows) do."""

    values: Mapping[str, Json]
    numbers: tuple[int, ...]


def expand_files(
    files: Sequence[ScenarioFile],
    catalog: Catalog,
    settings: RunSettings,
    root: str,
    problems: list[Diagnostic] | None = None,
) -> tuple[Expanded, ...]:
    """The tests of all files, in order; `root` is the project's directory.

    Raises one UsageError with the problems of all of them; with `problems`, adds them there instead.
    """
    lookup, referenced = FunctionLookup(catalog, settings, root), ReferencedFiles(root)
    expanded: list[Expanded] = []
    wrong: list[Diagnostic] = []
    for file in files:
        start = len(expanded)
        for draft in file.drafts:
            try:
                expanded.extend(_expand(draft, settings, lookup, referenced))
            except UsageError as error:
                wrong.extend(error.diagnostics)
        wrong.extend(_duplicates(expanded[start:]))
    settle(wrong, problems)
    return tuple(expanded)


def _expand(
    draft: Draft, settings: RunSettings, lookup: FunctionLookup, referenced: ReferencedFiles
) -> Iterator[Expanded]:
    head = draft.head
    plain = not head.templated
    if draft.matrix is None and draft.cases is None and draft.cases_path is None:
        if plain:
            _check_name(draft.name, draft)
            yield Expanded(
                draft,
                f"{head.id}::{draft.name}",
                draft.name,
                cast("tuple[str, ...]", draft.tags),
                draft.function,
                step_functions=tuple(_written_functions(draft)),
                serial=draft.serial,
            )
            return
        referenced.asked.clear()
        variants = [_Variant({}, ())]
        settled: Mapping[str, object] = {}
    else:
        referenced.asked.clear()
        # Names that draw at random need an identity before the scenario has its id.
        scope = Scope(
            draft, settings, referenced, lambda: lookup.service(head), f"{head.id}::{draft.name}#variants"
        )
        variants = _variants(draft, scope, lookup, referenced)
        settled = scope.settled()
    templated = is_template(draft.name)
    suffixes = [""] * len(variants) if templated else _suffixes(variants)
    for position, variant in enumerate(variants):
        matrix = variant.values if draft.matrix is not None else None
        case = variant.values if draft.cases is not None or draft.cases_path is not None else None
        identity = f"{head.id}::{draft.name}#{position + 1}"
        scope = Scope(
            draft,
            settings,
            referenced,
            lambda: lookup.service(head),
            identity,
            matrix=matrix,
            case=case,
            settled=settled,
        )
        name = _rendered_text(scope, draft, draft.name, "name") + suffixes[position]
        _check_name(name, draft)
        tags = tuple(_rendered_text(scope, draft, tag, "tags", i) for i, tag in enumerate(draft.tags))
        function = draft.function
        if function is not None:
            function = _rendered_text(scope, draft, function, "function")
        of_steps = tuple(_step_functions(draft, scope, function))
        serial = draft.serial
        if serial is not None:
            with contextlib.suppress(UsageError):  # it is told where the scenario is selected
                serial = _rendered_text(scope, draft, serial, "serial")
        yield Expanded(
            draft,
            f"{head.id}::{name}",
            name,
            tags,
            function,
            matrix,
            case,
            scope.settled(),
            of_steps,
            tuple(referenced.asked),
            serial,
        )


def _written_functions(draft: Draft) -> Iterator[str | None]:
    """The function of each step, the scenario's own where it names none."""
    for step in draft.steps:
        yield cast("str | None", step.get("function", draft.function))


def _step_functions(draft: Draft, scope: Scope, own: str | None) -> Iterator[str | None]:
    for number, step in enumerate(draft.steps):
        if "function" in step:
            yield _rendered_text(scope, draft, step["function"], "steps", number, "function")
        else:
            yield own


def _rendered_text(scope: Scope, draft: Draft, value: Json, *path: str | int) -> str:
    """A value that must be a text once it is rendered; other scalars are printed."""
    text = scope.render(value, *path)
    if isinstance(text, str):
        return text
    if isinstance(text, (list, dict)) or text is None:
        raise UsageError(
            Diagnostic(f"`{path[0]}` must be a text: its template gives {_kind(text)}", draft.origin(*path))
        )
    return as_text(text)


def _kind(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return f"the string {value!r}" if isinstance(value, str) else f"the number {value}"


def _check_name(name: str, draft: Draft) -> None:
    if "::" in name:
        raise UsageError(
            Diagnostic(
                f"the name `{name}` has `::` in it",
                draft.origin("name"),
                "ids are `file::name`: choose another separator",
            )
        )
    if not name.strip():
        raise UsageError(Diagnostic("the name of a scenario is empty", draft.origin("name")))


def _duplicates(expanded: Sequence[Expanded]) -> Iterator[Diagnostic]:
    """Names that stand twice in one file; said once for each pair of scenarios."""
    first: dict[str, Expanded] = {}
    told: set[tuple[int, int]] = set()
    for case in expanded:
        earlier = first.setdefault(case.name, case)
        if earlier is case:
            continue
        draft, pair = case.draft, (earlier.draft.position, case.draft.position)
        if pair in told:
            continue
        told.add(pair)
        if earlier.draft is draft:
            yield Diagnostic(
                f"the name `{case.name}` comes out twice",
                draft.origin("name"),
                "let the template tell its scenarios apart, as by `{{ matrix.… }}` or `{{ case.… }}`",
            )
        else:
            line = draft.head.lines[earlier.draft.position]
            yield Diagnostic(
                f"two scenarios of this file are named `{case.name}`",
                draft.origin("name"),
                f"the first begins on line {line}",
            )


def _suffixes(variants: Sequence[_Variant]) -> list[str]:
    """` [amount=0, currency=EUR]` for each, told apart by the number of the variant where they agree."""
    parts = [
        [
            f"{key}={_shown(value, number)}"
            for (key, value), number in zip(v.values.items(), v.numbers, strict=True)
        ]
        for v in variants
    ]
    texts = [", ".join(part) for part in parts]
    counts: dict[str, int] = {}
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
    return [
        "" if not variants[i].values else f" [{text}]" if counts[text] == 1 else f" [{text}, #{i + 1}]"
        for i, text in enumerate(texts)
    ]


def _shown(value: Json, number: int) -> str:
    """A value inside a name. What a name can't hold (`::`, line ends, pages of text) goes by its number."""
    if isinstance(value, (dict, list)):
        return f"#{number}"
    text = "null" if value is None else as_text(value)
    return text if len(text) <= _LONGEST and "::" not in text and text.isprintable() else f"#{number}"


def _variants(
    draft: Draft, scope: Scope, lookup: FunctionLookup, referenced: ReferencedFiles
) -> list[_Variant]:
    if draft.matrix is not None:
        return _combinations(draft, scope)
    if draft.cases is not None:
        rows = scope.render(draft.cases, "cases")
    else:
        from lambda_scenarios.scenarios.case_rows import read_rows

        rows = read_rows(draft, scope, lookup, referenced)
    mappings = cast("list[dict[str, Json]]", rows)  # by the schema, or checked where they were read
    return [_Variant(row, (number,) * len(row)) for number, row in enumerate(mappings, 1)]


def _combinations(draft: Draft, scope: Scope) -> list[_Variant]:
    axes = cast("dict[str, list[Json]]", scope.render(draft.matrix, "matrix"))
    size = math.prod(map(len, axes.values()))
    if size > _MOST:
        problem = f"the matrix makes {size:,} scenarios; {_MOST:,} is the limit"
        raise UsageError(Diagnostic(problem, draft.origin("matrix")))
    excluded = _exclusions(draft, scope, axes)
    variants = []
    for combination in itertools.product(*(enumerate(values, 1) for values in axes.values())):
        values = dict(zip(axes, (value for _, value in combination), strict=True))
        if not any(all(same_json(values[k], v) for k, v in row.items()) for row in excluded):
            variants.append(_Variant(values, tuple(number for number, _ in combination)))
    if not variants:
        problem = "`matrix_exclude` takes out every combination"
        raise UsageError(Diagnostic(problem, draft.origin("matrix_exclude"), "the scenario would never run"))
    return variants


def _exclusions(draft: Draft, scope: Scope, axes: Mapping[str, list[Json]]) -> list[dict[str, Json]]:
    rows = cast("list[dict[str, Json]]", scope.render(draft.matrix_exclude, "matrix_exclude") or [])
    origin = draft.origin("matrix_exclude")
    for index, row in enumerate(rows):
        for name in row:
            if name not in axes:
                near = did_you_mean(name, list(axes))
                label = f"did you mean `{near}`?" if near else "there are: " + ", ".join(axes)
                problem = f"the matrix has no `{name}`"
                raise UsageError(Diagnostic(problem, origin.at(index, name).as_key(), label))
    return rows


def same_json(left: Json, right: Json) -> bool:
    """Equality by JSON's semantics: 1 is 1.0, true is not 1, the order of keys is free."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same_json(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_json, left, right))
    return left == right
