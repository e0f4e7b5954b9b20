"""Which files are a function's own, and what packaged ones were made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_scenarios.coverage.paths import Sources, unloaded_modules, vendored


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name, text in {
        "service/app.py": "x = 1\n",
        "service/lib/deep.py": "y = 2\n",
        "service/src/app.ts": "let x;\n",
        "service/node_modules/dep/index.js": "1\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_a_file_of_the_project_is_its_own_source(project: Path) -> None:
    sources = Sources(str(project))
    service = str(project / "service")
    path = str(project / "service" / "app.py")
    assert sources.of(path, service, service) == path
    assert sources.shown(path) == "service/app.py"
    assert sources.shown("/elsewhere/app.py") == "/elsewhere/app.py"


def test_copies_are_told_as_what_they_were_copied_from(project: Path, tmp_path: Path) -> None:
    """Unpacked artifacts, and what `sam build` made: by place, else by name, where they are equal."""
    service = project / "service"
    unpacked = tmp_path / "cache" / "0a1b"
    built = project / ".aws-sam" / "build" / "Fn"
    for code in (unpacked, built):
        (code / "lib").mkdir(parents=True)
        (code / "app.py").write_text("x = 1\n")
        (code / "deep.py").write_text("y = 2\n")
        (code / "changed.py").write_text("z = 3\n")
        (service / "changed.py").write_text("z = 4\n")
    sources = Sources(str(project))

    def source(code: Path, name: str) -> str | None:
        return sources.of(str(code / name), str(code), str(service))

    for code in (unpacked, built):
        assert source(code, "app.py") == str(service / "app.py")
        assert source(code, "deep.py") == str(service / "lib" / "deep.py")
    assert source(unpacked, "changed.py") is None
    assert source(built, "changed.py") == str(built / "changed.py")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../src/app.ts", "service/src/app.ts"),
        ("../../../src/app.ts", "service/src/app.ts"),
        ("webpack://shop/./src/app.ts", "service/src/app.ts"),
        ("webpack:///./src/app.ts", "service/src/app.ts"),
        ("../node_modules/dep/index.js", None),
        ("webpack://shop/./node_modules/dep/index.js", None),
        ("../src/gone.ts", None),
        ("webpack/bootstrap", None),
    ],
)
def test_names_of_source_maps_are_found(project: Path, name: str, expected: str | None) -> None:
    service = str(project / "service")
    bundle = str(project / "service" / "out" / "app.js.map")
    found = Sources(str(project)).named(name, bundle, service, service)
    assert found == (None if expected is None else str(project / expected))


def test_what_could_have_been_loaded(tmp_path: Path) -> None:
    for name in (
        *("app.py", "conftest.py", "setup.py", "test_app.py", "app_test.py", "notes.txt"),
        *("pkg/__init__.py", "pkg/a.py", "pkg/test_a.py", "pkg/tests/__init__.py", "pkg/tests/b.py"),
        *("scripts/tool.py", "tests/__init__.py", "tests/test_b.py", ".hidden/__init__.py", ".hidden/c.py"),
        *("venv/pyvenv.cfg", "venv/__init__.py", "venv/d.py", "node_modules/__init__.py"),
        *("requests/__init__.py", "requests/api.py", "six.py", "requests-2.dist-info/METADATA"),
        ".serverless/out.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    names = ("requests/__init__.py", "requests/api.py", "six.py", "../../bin/tool", "__pycache__/six.pyc")
    record = "".join(f"{name},sha256=x,1\n" for name in names)
    (tmp_path / "requests-2.dist-info" / "RECORD").write_text(record)
    assert vendored(str(tmp_path)) == ("requests", "requests-2.dist-info", "six.py")
    found = [str(Path(path).relative_to(tmp_path)) for path in unloaded_modules(str(tmp_path))]
    assert found == ["app.py", "pkg/__init__.py", "pkg/a.py"]
