"""Patterns beside micromatch and fast-glob, in the versions that the Serverless Framework brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambda_scenarios.packaging.glob_search import expanded, hides_directories, is_dynamic
from lambda_scenarios.packaging.globs import glob

if TYPE_CHECKING:
    from tests.packaging.conftest import Framework

NAMES = (
    *(
        "a",
        "b",
        "ab",
        "abc",
        "a.js",
        "b.ts",
        "a.d.ts",
        "a.b.js",
        ".a",
        ".env",
        "1",
        "2",
        "10",
        "i",
        "id",
        "é",
    ),
    *(
        "node_modules",
        "x y",
        "a-b",
        "a+b",
        "[id].js",
        "{a}",
        "(a)",
        "a,b",
        "a|b",
        "!x",
        "*",
        "..a",
        "A",
        "aa",
    ),
)
paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map("/".join)

literals = st.sampled_from(
    ("a", "b", "ab", ".a", "a.js", "node_modules", ".env", "x y", "a-b", "a+b", "1", "a.b.js")
)
simple = st.sampled_from(
    (
        *("*", "**", "*.js", "*.*", ".*", "a*", "*b", "?", "??", "a?", ".a*", "*a*b*", "?*", "**a", "a**"),
        *("[ab]", "[a-c]", "[^a]", "[!a]", "[id].js", "[a-c]*", "[0-9]+", "[!a-c]?", "a[.]js", "[ab].js"),
        *("(a|b)", "(a)", "{a}", "{1..3}", "{a..c}", "\\*", "\\[id\\].js", "a|b", '"a"', "*.d.ts", ".?"),
    )
)
choices = st.lists(literals | simple, min_size=2, max_size=3)
tails = st.sampled_from(("", ".js", "*", ".ts"))
braces = st.builds(lambda inner, tail: "{" + ",".join(inner) + "}" + tail, choices, tails)
groups = st.builds(
    lambda kind, inner, tail: f"{kind}({'|'.join(inner)}){tail}",
    st.sampled_from("?*+@!"),
    st.lists(st.sampled_from(("a", "b", "*.d", "a.js", "ab", "[ab]")), min_size=1, max_size=2, unique=True),
    tails,
)
segments = literals | simple | braces | groups
bodies = st.lists(segments, min_size=1, max_size=4).map("/".join)
nested = st.builds(
    lambda first, second: "{" + first + "," + second + "}/**", bodies, st.lists(literals).map("/".join)
)
patterns = st.builds(str.__add__, st.sampled_from(("", "", "", "./", "!", "!!")), bodies | nested)


@given(pattern=patterns, some=st.lists(paths, max_size=30))
@example("[id].js", ["[id].js", "i.js", "d.js", "pages/[id].js"])
@example("**/*.md", ["README.md", "a/b.md", ".github/c.md"])
@example("node_modules/**", ["node_modules/a/b", "node_modules", "a/node_modules/b"])
@example("!(*.d).ts", ["a.ts", "a.d.ts", "b.ts"])
def test_the_filter_is_micromatch(framework: Framework, pattern: str, some: list[str]) -> None:
    some = sorted({*some, *_hits(pattern)})
    expected = framework.ask("filter", pattern=pattern, paths=some)
    compiled = glob(pattern, "filter")
    assert [path for path in some if compiled.matches(path)] == sorted(expected)
    assert [path for path in some if compiled.matches_any(path)] == sorted(expected)


@given(pattern=patterns, some=st.lists(paths, max_size=30))
def test_the_search_is_fast_glob(framework: Framework, pattern: str, some: list[str]) -> None:
    some = sorted({*some, *_hits(pattern)})
    expected = framework.ask("search", pattern=pattern, paths=some)
    compiled = [glob(one, "search") for one in expanded(pattern)]
    assert [path for path in some if any(one.matches(path) for one in compiled)] == sorted(expected)


@pytest.mark.parametrize(
    "pattern", ["../**", "../shared/**", "../*.js", "**", "**/*", "*/**", "./**", "../../a"]
)
def test_paths_that_leave_the_directory(framework: Framework, pattern: str) -> None:
    some = ["../a.js", "../shared/a", "../../a", "./a", "./src/a", "a/../b", "..", "../.env", "..a/b", "a"]
    assert [path for path in some if glob(pattern, "filter").matches_any(path)] == framework.ask(
        "filter", pattern=pattern, paths=some
    )


@given(pattern=patterns)
@example("{1..3}/{a,b{c,d}}")
@example("{01..10..3}.js")
@example("{c..a}")
@example("a/{b,}/c")
@example("\\{a,b}")
def test_what_is_made_of_a_pattern(framework: Framework, pattern: str) -> None:
    found = framework.ask("pattern", pattern=pattern)
    if '"' not in pattern:  # fast-glob takes quotes away here, and micromatch doesn't see them any more
        assert sorted(expanded(pattern)) == sorted(found["expanded"])
    assert is_dynamic(pattern) == found["dynamic"]
    assert hides_directories(pattern) == found["hides"]


@given(pattern=st.text(alphabet='ab./*?[]{}(),!+@|\\^-:"', max_size=12), path=paths)
def test_any_text_is_a_pattern(pattern: str, path: str) -> None:
    for compiled in (glob(pattern, "filter"), glob(pattern, "search")):
        assert bool(compiled.matches(path)) == bool(compiled.matches_any(path))
    assert all(expanded(pattern))
    is_dynamic(pattern)


def _hits(pattern: str) -> set[str]:
    """Paths that the pattern perhaps matches."""
    pattern = pattern.removeprefix("!").removeprefix("!").removeprefix("./")
    return {
        path
        for deep in ("a/b", "a")
        for path in [pattern.replace("**", deep).replace("*", "a").replace("?", "b")]
        if "//" not in path and not path.startswith(("./", "/")) and not path.endswith("/")
    }
