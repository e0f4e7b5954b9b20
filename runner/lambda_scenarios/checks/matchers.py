"""Matchers to nodes (scenario-format.md, section 4, "Matchers").

The mode (exact or inclusion) goes down through everything that holds a value of its own: `$each`,
`$contains`, `$json`, `$base64`, `$unordered`, `$any_of`, `$all_of`, `$optional`, `$not`. It does not go
into `$in` and `$literal`, which compare as a whole. That `$not` is among the first: inside an inclusion,
`{$not: {role: admin}}` means "does not include", and never passes because of a further key.

`$present` and `$absent` take `false` too, each the other's opposite. `$present: true` may stand where
there is no key, and then holds for anything.
"""

from __future__ import annotations

from collections.abc import Callable

from lambda_scenarios.checks.matcher_arguments import approx, bound, format_of, regex, schema, text, type_of
from lambda_scenarios.checks.reading import EXACT, INCLUSION, Mode, Reading, plain, shown
from lambda_scenarios.checks.values import compile_value, literal
from lambda_scenarios.errors import did_you_mean
from lambda_scenarios.model.expectation import Inner, Matchers, Node, Scalar, Several
from lambda_scenarios.model.values import DocPath, Json


def compile_matchers(source: dict[str, Json], path: DocPath, reading: Reading, mode: Mode) -> Node:
    """The node of a mapping whose keys are matchers."""
    parts: list[tuple[str, Node]] = []
    for name, value in source.items():
        node = _COMPILERS.get(name, _extended)(name, value, (*path, name), reading, mode)
        if node is not None:
            parts.append((name, node))
    return Matchers(tuple(parts), source)


_Compiler = Callable[[str, Json, DocPath, Reading, Mode], "Node | None"]


def _needs_key(name: str, path: DocPath, reading: Reading, mode: Mode) -> None:
    if not mode.keyed:
        reading.wrong(
            path,
            f"`{name}` stands where there is no key",
            "only the value of a key can be absent",
            "an item of a list is there, or the list is shorter: see `$length`, `$contains`, `$unordered`",
            key=True,
        )


def _presence(name: str, value: Json, path: DocPath, reading: Reading, mode: Mode) -> Node | None:
    if not isinstance(value, bool):
        reading.wrong(path, f"`{name}` takes true or false")
        return None
    if value is (name == "$absent"):
        _needs_key(name, path, reading, mode)
    return Scalar("$present", value is (name == "$present"))


def _optional(name: str, value: Json, path: DocPath, reading: Reading, mode: Mode) -> Node | None:
    _needs_key(name, path, reading, mode)
    return Inner(name, compile_value(value, path, reading, mode))


def _same_value(name: str, value: Json, path: DocPath, reading: Reading, mode: Mode) -> Node | None:
    """`$not`: about the same value, so that a presence matcher inside makes sense."""
    return Inner(name, compile_value(value, path, reading, mode))


def _inside(name: str, value: Json, path: DocPath, reading: Reading, mode: Mode) -> Node | None:
    return Inner(name, compile_value(value, path, reading, mode.unkeyed()))


def _partial(name: str, value: Json, path: DocPath, reading: Reading, _: Mode) -> Node | None:
    return Inner(name, compile_value(value, path, reading, INCLUSION))


def _exactly(name: str, value: Json, path: DocPath, reading: Reading, _: Mode) -> Node | None:
    return Inner(name, compile_value(value, path, reading, EXACT))


def _literal(name: str, value: Json, path: DocPath, reading: Reading, _: Mode) -> Node | None:
    return Inner(name, literal(value, path, reading))


def _several(name: str, value: Json, path: DocPath, reading: Reading, mode: Mode) -> Node | None:
    if not isinstance(value, list):
        reading.wrong(path, f"`{name}` takes a list", f"write `{name}: [{shown(value)}]`")
        return None
    if not value and name != "$unordered":
        verdict = "always holds" if name == "$all_of" else "can never hold"
        reading.wrong(path, f"`{name}` with an empty list {verdict}")
        return None
    inner = mode if name in ("$all_of", "$any_of") else EXACT if name == "$in" else mode.unkeyed()
    return Several(
        name, tuple(compile_value(item, (*path, i), reading, inner) for i, item in enumerate(value))
    )


def _extended(name: str, value: Json, path: DocPath, reading: Reading, _: Mode) -> Node | None:
    """A name that isn't built in: that of an extension, or a mistake."""
    from lambda_scenarios.extending import matchers
    from lambda_scenarios.extending.entry_points import UnusableExtension

    try:
        known = matchers.known(name, MATCHER_NAMES)
        if known is None:
            _unknown(name, path, reading)
            return None
        argument = plain(value, path, reading)
        refusal = matchers.refusal(known, argument)
    except UnusableExtension as unusable:
        reading.wrong(path, unusable.problem, "", *unusable.notes, key=True)
        return None
    if refusal is not None:
        from lambda_scenarios.checks.wording import short

        reading.wrong(path, f"`{name}` can't take {short(value, 40)}", refusal)
        return None
    return matchers.node(known, name, argument, reading.origin.at(*path))


def _unknown(name: str, path: DocPath, reading: Reading) -> None:
    near = did_you_mean(name, MATCHER_NAMES)
    label = f"did you mean `{near}`?" if near else "there are: " + ", ".join(MATCHER_NAMES)
    note = "a mapping with keys that begin with `$` in earnest: `{$literal: …}`"
    reading.wrong(path, f"unknown matcher `{name}`", label, note, key=True)


_COMPILERS: dict[str, _Compiler] = {
    "$present": _presence,
    "$absent": _presence,
    "$optional": _optional,
    "$type": type_of,
    "$not": _same_value,
    "$in": _several,
    "$regex": regex,
    "$contains": _inside,
    "$starts_with": text,
    "$ends_with": text,
    "$length": _inside,
    "$gt": bound,
    "$gte": bound,
    "$lt": bound,
    "$lte": bound,
    "$approx": approx,
    "$format": format_of,
    "$json": _inside,
    "$base64": _inside,
    "$partial": _partial,
    "$exactly": _exactly,
    "$unordered": _several,
    "$each": _inside,
    "$all_of": _several,
    "$any_of": _several,
    "$schema": schema,
    "$literal": _literal,
}
MATCHER_NAMES = tuple(_COMPILERS)
