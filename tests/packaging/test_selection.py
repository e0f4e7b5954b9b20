"""Which files are packaged, beside the Framework's own code on the same directories."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.model.function import Package
from lambda_scenarios.packaging.packager import packaged_files
from lambda_scenarios.packaging.selection import Rules, UnusablePackage, container, selected
from lambda_scenarios.services.catalog import Catalog, ServiceOptions

if TYPE_CHECKING:
    from tests.packaging.conftest import Framework

FILES = (
    *(
        "app.py",
        "README.md",
        ".env",
        ".env.local",
        ".gitignore",
        ".DS_Store",
        "npm-debug.log",
        "yarn-error.log",
    ),
    *("src/a.py", "src/b.test.py", "src/data/big.bin", "src/data/small.json", "src/.hidden/x", "src/[id].js"),
    *(
        ".git/config",
        ".serverless/old.zip",
        ".serverless_plugins/p.js",
        "docs/guide.md",
        "docs/api/index.html",
    ),
    *("node_modules/keep/index.js", "node_modules/keep/README.md", "node_modules/drop/index.js"),
    *("tests/test_a.py", "src/tests/test_b.py", "dist/fn.zip", "layers/common/python/lib.py", "my file.txt"),
    *("plugins/local.js", "deep/a/b/c/d.py", "deep/a/x.py", "deep/.keep"),
)
OUTSIDE = ("shared/lib.py", "shared/data/x.json", "shared/.env", "src/a.py")

PATTERNS = (
    *(
        "**",
        "!**",
        "!src/**",
        "src/**",
        "!src",
        "src/a.py",
        "!**/*.md",
        "docs/guide.md",
        "!docs/**",
        "!**/tests",
    ),
    *(
        "!tests/**",
        "!**/tests/**",
        "!*",
        "!node_modules",
        "!node_modules/**",
        "node_modules/keep/**",
        "./src/**",
    ),
    *(
        "!./src/**",
        "!.env*",
        "!**/.*",
        "../shared/**",
        "!../shared/data/**",
        "../shared/lib.py",
        "!src/data/*.bin",
    ),
    *(
        "!{docs,tests}/**",
        "src/{a,b.test}.py",
        "!src/[id].js",
        "!**/[ab]*.py",
        "!deep/**",
        "deep/**/d.py",
        "deep/*",
    ),
    *(
        "!deep/a",
        "!deep/a/**/*",
        "*.py",
        "!*.py",
        "**/*.py",
        "my file.txt",
        "!my*",
        "./app.py",
        "!app.py",
        "../src/*",
    ),
    *(
        "!src/!(a.py)",
        "!**/?.py",
        ".serverless/old.zip",
        ".git/**",
        "missing/**",
        "missing.txt",
        "src/",
        "!src/",
    ),
)
lists = st.lists(st.sampled_from(PATTERNS), max_size=5, unique=True)
packages = st.fixed_dictionaries(
    {},
    optional={
        "patterns": lists,
        "include": lists,
        "exclude": lists,
        "excludeDevDependencies": st.just(False),
    },
)


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    make(root / "service", (*FILES, "serverless.yml"))
    make(root, OUTSIDE)
    (root / "service/linked").symlink_to("src")
    (root / "service/link.py").symlink_to("app.py")
    (root / "service/broken").symlink_to("nowhere")
    return root / "service"


def make(root: Path, files: Sequence[str]) -> None:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def rules_of(root: Path, config: Mapping[str, Any], key: str) -> Package:
    """What the service's reader makes of the same configuration. It is written beside, not into, the tree."""
    declared = {"service": "shop", "provider": {"name": "aws", "runtime": "python3.11"}, **config}
    file = root / "serverless.yml"
    file.write_text(json.dumps(declared))
    service = Catalog({"HOME": str(root)}, str(root)).open(str(file), ServiceOptions())
    package = service.function(key).package
    assert package is not None
    return package


def names(root: Path, package: Package) -> list[str] | None:
    try:
        return [entry.name for entry in packaged_files(str(root), package)]
    except UnusablePackage:
        return None


def as_zipped(found: list[str] | None) -> list[str] | None:
    """The Framework's list, named as archiver names what is in it."""
    if found is None:
        return None
    normal = {os.path.normpath(name) for name in found}
    return sorted({name.removeprefix("../") for name in normal})


@given(of_service=packages, of_function=packages, alone=st.sampled_from((None, "service", "function")))
def test_the_files_are_those_of_the_framework(
    framework: Framework,
    tree: Path,
    of_service: dict[str, Any],
    of_function: dict[str, Any],
    alone: str | None,
) -> None:
    of_function = {**of_function}
    of_function.pop("excludeDevDependencies", None)
    if alone == "service":
        of_service = {**of_service, "individually": True}
    if alone == "function":
        of_function = {**of_function, "individually": True}
    config = {"package": of_service, "functions": {"one": {"handler": "app.handler", "package": of_function}}}
    expected = framework.ask(
        "files", root=str(tree), config=config, **({"functionName": "one"} if alone else {})
    )
    assert names(tree, rules_of(tree, config, "one")) == as_zipped(expected)


@given(
    exclude=st.lists(st.sampled_from(PATTERNS), max_size=3),
    include=st.lists(st.sampled_from(PATTERNS), max_size=4),
)
def test_whether_a_file_is_contained_is_known_without_looking(
    tree: Path, exclude: list[str], include: list[str]
) -> None:
    """Of every file, by its name alone, what `selected` finds by a search."""
    rules = Rules(tuple(exclude), tuple(include))
    try:
        found = {os.path.relpath(entry.path, tree) for entry in selected(str(tree), rules)}
    except UnusablePackage:
        found = set()
    contains = container(rules)
    everything = {
        os.path.relpath(path, tree)
        for directory, _, files in os.walk(tree.parent, followlinks=True)
        for path in (os.path.join(directory, name) for name in files)
        if os.path.isfile(path)
    }
    one_of_them = {"src/a.py", "../src/a.py"}  # which get the same name in a package
    assert {name for name in everything if contains(name)} - one_of_them == found - one_of_them


@pytest.mark.parametrize(
    "extra",
    [
        {"useDotenv": True},
        {"layers": {"common": {"path": "layers/common"}}},
        {"layers": {"common": {"path": "./layers/common"}}},
        {"plugins": {"localPath": "plugins/**", "modules": []}},
        {"plugins": ["serverless-offline"]},
        {"useDotenv": True, "package": {"patterns": [".env"]}},
        {"package": {"patterns": ["layers/**"]}, "layers": {"common": {"path": "layers/common"}}},
    ],
    ids=str,
)
def test_what_is_left_out_without_being_asked(
    framework: Framework, tree: Path, extra: dict[str, Any]
) -> None:
    config = {"functions": {"one": {"handler": "app.handler"}}, **extra}
    expected = framework.ask("files", root=str(tree), config=config)
    assert names(tree, rules_of(tree, config, "one")) == as_zipped(expected)


def test_links_in_a_circle(tmp_path: Path) -> None:
    make(tmp_path, ("a/b/file", "c"))
    (tmp_path / "a/b/up").symlink_to("..")
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "root").symlink_to(tmp_path)
    assert [entry.name for entry in selected(str(tmp_path), Rules())] == ["a/b/file", "c"]


def test_nothing_left(tmp_path: Path) -> None:
    make(tmp_path, ("a",))
    with pytest.raises(UnusablePackage, match="the patterns exclude all"):
        selected(str(tmp_path), Rules(include=("!**",)))


def test_what_is_excluded_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(
        tmp_path,
        ("app.py", "node_modules/a/b/c.js", "node_modules/keep/d/e.js", "data/x/y", ".git/objects/z"),
    )
    read: list[str] = []
    scandir = os.scandir

    def noting(path: str) -> Any:
        read.append(os.path.relpath(path, tmp_path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", noting)
    rules = Rules((".git/**", "data/**"), ("!node_modules/**", "node_modules/keep/**"))
    found = [entry.name for entry in selected(str(tmp_path), rules)]
    assert found == ["app.py", "node_modules/keep/d/e.js"]
    assert sorted(read) == [".", "node_modules", "node_modules/keep", "node_modules/keep/d"]


def test_of_two_files_of_one_name_the_services_own_is_taken(tmp_path: Path) -> None:
    make(tmp_path, ("lib/x.py", "service/lib/x.py"))
    (entry,) = selected(str(tmp_path / "service"), Rules(include=("../lib/**",)))
    assert entry.name == "lib/x.py"
    assert Path(entry.path).read_text() == "service/lib/x.py"
