"""Which files are scenario files, in real directories."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.errors import NothingSelected, UsageError
from lambda_scenarios.scenarios.discover import FoundFile, discover, natural, project_root
from lambda_scenarios.scenarios.sniff import is_scenario_text

SCENARIOS = "scenarios:\n- name: a\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "lambda-scenarios.yml").write_text("{}")
    return tmp_path


def write(root: Path, *names: str, text: str = SCENARIOS) -> None:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def found(root: Path, *paths: str, exclude: tuple[str, ...] = ()) -> list[str]:
    return [file.id for file in discover(paths, str(root), str(root), exclude)]


def refusal(root: Path, *paths: str) -> tuple[str, tuple[str, ...]]:
    with pytest.raises(UsageError) as caught:
        discover(paths, str(root), str(root))
    (diagnostic,) = caught.value.diagnostics
    return diagnostic.problem, diagnostic.notes


@pytest.mark.parametrize(
    "text",
    [
        SCENARIOS,
        "scenarios:\n  - name: a",
        "service: x\n\nscenarios:   # all of them\n\n  # the first\n  - name: a\n",
        "scenarios: [{name: a}]",
        "{scenarios: [{name: a}]}",
        '{"service": "x", "scenarios": [{"name": "a"}]}',
        "'scenarios':\n- name: a",
        "? scenarios\n: - name: a",
        "  service: x\n  scenarios:\n  - name: a",
        "%YAML 1.2\n---\nscenarios: []",
        "--- {scenarios: []}",
        "scenarios:\r\n- name: a\r\n",
        "scenarios:\n- &a\n  name: a",
        "scenarios: 3",
        "scenarios:\n  one: {name: a}",
        # Broken, but plainly meant to be one.
        "scenarios:\n- name: [a\n",
        "service: [\nscenarios:\n- name: a",
        "a: b: c\nscenarios: [x]",
        "service: !Ref x\nscenarios: [x]",
        # Misspelt.
        "scenario:\n- name: a",
        "scenarois:\n- name: a",
        "Scenarios: []",
        '{"senarios": []}',
        "expect: {}",
        "name: a\nexpect:\n  output: 1",
    ],
)
def test_scenario_files(text: str) -> None:
    assert is_scenario_text(text.encode())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32"])
def test_scenario_files_in_other_encodings(encoding: str) -> None:
    assert is_scenario_text(SCENARIOS.encode(encoding))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# scenarios:\n",
        "- scenarios:\n  - a",
        "service: orders\nfunctions:\n  a: {handler: a.b}\n",
        "Resources:\n  A: !Sub '${x}'\n",
        "a:\n  scenarios:\n  - b",
        "a:\n  expect: 1",
        "a: {scenarios: [1]}",
        "a: |\n  scenarios:\n  - name: b\n",
        "a: 'text\n  scenarios: x'",
        "{a: {scenarios: []}, b: [scenarios]}",
        "services: []",
        "scenarios",
        "a: [\nb: !Foo\n\tx",
        "{{ template }}\nx: y",
        "a: 1\n---\nexpect: 1",
        "\x00\x01\x02",
    ],
)
def test_foreign_files(text: str) -> None:
    assert not is_scenario_text(text.encode())


@given(st.binary(max_size=60) | st.text("scenariox:-\n {}['\"?!&#", max_size=40).map(str.encode))
def test_any_bytes_are_judged(data: bytes) -> None:
    assert is_scenario_text(data) in {True, False}


def test_directories_in_natural_order(project: Path) -> None:
    write(project, "s/a10.yml", "s/a2.yaml", "s/b/c.yml", "s/a/10/x.yml", "s/a/9/x.yml", "s/B.yml")
    write(project, "s/other.yml", text="service: x")
    write(project, "s/events/a.json", "s/readme.md", "s/a.yml.bak")
    assert found(project, "s") == [
        "s/B.yml",
        "s/a/9/x.yml",
        "s/a/10/x.yml",
        "s/a2.yaml",
        "s/a10.yml",
        "s/b/c.yml",
    ]
    assert found(project, ".") == found(project, "s")
    assert found(project, str(project / "s")) == found(project, "s")


def test_directories_that_are_not_entered(project: Path) -> None:
    for name in ("node_modules", ".serverless", ".aws-sam", "cdk.out", "venv", "__pycache__", ".hidden"):
        write(project, f"s/{name}/a.yml", f"s/deep/{name}/a.yml")
    write(project, "s/a.yml", "s/_defaults.yml", "s/deep/_defaults.yaml")
    assert found(project, "s") == ["s/a.yml"]
    assert found(project, "s/node_modules") == ["s/node_modules/a.yml"]


def test_exclude(project: Path) -> None:
    write(project, "s/a.yml", "s/old/a.yml", "s/b/old/a.yml", "s/b/draft-1.yml", "s/b/c.yml")
    assert found(project, "s", exclude=("old/", "draft-*")) == ["s/a.yml", "s/b/c.yml"]
    assert found(project, "s", exclude=("s/b",)) == ["s/a.yml", "s/old/a.yml"]


@pytest.mark.parametrize(
    ("pattern", "excluded"),
    [
        ("s/*.yml", "s/a.yml s/other.yml"),
        ("/s/b/", "s/b/a.yml s/b/c/a.yml"),
        ("./s/b/*.yml", "s/b/a.yml"),
        ("s/**/a.yml", "s/a.yml s/b/a.yml s/b/c/a.yml"),
        ("**/c", "s/b/c/a.yml"),
        ("**/b/*.yml", "s/b/a.yml"),
        ("s/b/**", "s/b/a.yml s/b/c/a.yml"),
        ("?", "s/b/a.yml s/b/c/a.yml"),
        ("[!s]", "s/b/a.yml s/b/c/a.yml"),
        ("nothing/*", ""),
    ],
)
def test_patterns_of_exclude(project: Path, pattern: str, excluded: str) -> None:
    files = ("s/a.yml", "s/b/a.yml", "s/b/c/a.yml", "s/other.yml")
    write(project, *files)
    assert set(files) - set(found(project, "s", exclude=(pattern,))) == set(excluded.split())


def test_what_is_excluded_is_read_where_it_is_named_and_told_where_nothing_is_left(project: Path) -> None:
    write(project, "s/b/a.yml")
    assert found(project, "s/b/a.yml", exclude=("b", "a.yml")) == ["s/b/a.yml"]
    assert found(project, "s/b", exclude=("b",)) == ["s/b/a.yml"]
    with pytest.raises(NothingSelected, match=r"apart from what `exclude` names \(1 of its entries\)"):
        found(project, "s", exclude=("b",))


def test_links(project: Path) -> None:
    write(project, "s/real/a.yml", "elsewhere/b.yml")
    (project / "s/again").symlink_to("real")
    (project / "s/elsewhere").symlink_to("../elsewhere")
    (project / "s/loop").symlink_to(".")
    (project / "s/up").symlink_to("..")
    (project / "s/self.yml").symlink_to("self.yml")
    (project / "s/gone.yml").symlink_to("nothing.yml")
    assert found(project, "s") == ["s/elsewhere/b.yml", "s/real/a.yml"]


def test_what_is_no_file_is_not_opened(project: Path) -> None:
    write(project, "s/a.yml", "s/directory.yml/b.yml")
    os.mkfifo(project / "s/pipe.yml")
    assert found(project, "s") == ["s/a.yml", "s/directory.yml/b.yml"]


def test_a_file_that_cannot_be_read_is_not_passed_over(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, "s/a.yml", text="service: x")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr("builtins.open", refuse)  # root may read everything
    assert found(project, "s") == ["s/a.yml"]


def test_a_named_file_is_always_one(project: Path) -> None:
    write(project, "any.txt", text="service: x")
    assert discover(["any.txt"], str(project), str(project)) == (
        FoundFile(str(project / "any.txt"), "any.txt", named=True),
    )


def test_names(project: Path) -> None:
    write(project, "a b.yml", "s/c.yml", "odd::name.yml", "s/d.yml")
    files = discover(
        [
            "a b.yml::creates [n=1, m=x y]",
            "odd::name.yml",
            "odd::name.yml::x",
            "s/c.yml::one",
            "./s/../s/c.yml::two",
            "s",
        ],
        str(project),
        str(project),
    )
    assert [(file.id, file.named, file.names) for file in files] == [
        ("a b.yml", True, ("creates [n=1, m=x y]",)),
        ("odd::name.yml", True, ()),
        ("s/c.yml", True, ()),
        ("s/d.yml", False, ()),
    ]
    files = discover(["s/c.yml::one", "s/c.yml::two", "s/c.yml::one"], str(project), str(project))
    assert [file.names for file in files] == [("one", "two")]


def test_ids_are_relative_to_the_project_root(project: Path) -> None:
    write(project, "s/deep/a.yml")
    (file,) = discover(["a.yml"], str(project / "s/deep"), str(project))
    assert file == FoundFile(str(project / "s/deep/a.yml"), "s/deep/a.yml", named=True)


def test_paths_that_lead_nowhere(project: Path) -> None:
    write(project, "scenarios/create.yml")
    assert refusal(project, "scenarois") == ("no file or directory scenarois", ("did you mean scenarios?",))
    assert refusal(project, "scenarios/crate.yml::x") == (
        "no file or directory scenarios/crate.yml",
        ("did you mean scenarios/create.yml?",),
    )
    assert refusal(project, "nowhere/near/it") == ("no file or directory nowhere/near/it", ())
    assert refusal(project, "") == ("an empty path was given", ())
    assert refusal(project, "a\0b")[0].startswith("no file or directory")
    assert refusal(project, "/nowhere/near/it") == ("no file or directory /nowhere/near/it", ())
    assert "names of scenarios don't contain" in refusal(project, "scenarios/create.yml::a::b")[1][0]
    assert "is a directory" in refusal(project, "scenarios::a")[0]
    assert "no name of a scenario" in refusal(project, "scenarios/create.yml::")[0]
    with pytest.raises(UsageError) as caught:
        discover(["nowhere", "neither"], str(project), str(project))
    assert len(caught.value.diagnostics) == 2


def test_directories_without_scenarios_are_no_success(project: Path) -> None:
    write(project, "s/a.yml")
    (project / "empty").mkdir()
    write(project, "foreign/a.yml", "foreign/deep/b.yml", text="a: 1")
    for path, reason in (("empty", "no *.yml"), ("foreign", "none of the 2 YAML files")):
        with pytest.raises(NothingSelected, match=f"no scenario file under {path}: .*"[:30]) as caught:
            discover(["s", path], str(project), str(project))
        assert reason in str(caught.value)


def test_project_root(tmp_path: Path) -> None:
    deep = tmp_path / "a/b/c"
    deep.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    assert project_root(str(deep)) == str(tmp_path)
    (tmp_path / "a/.git").write_text("gitdir: elsewhere")
    assert project_root(str(deep)) == str(tmp_path / "a")
    (tmp_path / "lambda-scenarios.yml").write_text("")
    assert project_root(str(deep)) == str(tmp_path)
    (deep / "lambda-scenarios.yml").write_text("")
    assert project_root(str(deep)) == str(deep)


@given(st.lists(st.text("ab019/_.", max_size=6), max_size=6))
def test_natural_order_is_total(paths: list[str]) -> None:
    backwards = paths[::-1]
    assert sorted(paths, key=natural) == sorted(backwards, key=natural)
    assert sorted(["a10", "a9", "a"], key=natural) == ["a", "a9", "a10"]
