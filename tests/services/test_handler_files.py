from __future__ import annotations

from pathlib import Path

import pytest

from lambda_scenarios.services.handler_files import check_handler, in_build_output


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in (
        "handler.py",
        "src/orders.py",
        "src/package/__init__.py",
        "fast.cpython-311-x86_64-linux-gnu.so",
        "index.js",
        "src/module.mjs",
        "src/common.cjs",
        "src/directory/index.js",
        "src/typed.ts",
        "layer/python/layered.py",
        "layer/nodejs/layered.js",
        "layer/ruby/lib/layered.rb",
        "orders.rb",
        "lib/orders.rb",
        ".venv/lib/python3.11/site-packages/installed/handler.py",
        "node_modules/wrapper/handler.js",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


@pytest.mark.parametrize(
    ("handler", "runtime"),
    [
        ("handler.main", "python3.11"),
        ("src/orders.main", "python3.11"),
        ("src.orders.main", "python3.11"),
        ("src/package.main", "python3.11"),
        ("fast.main", "python3.11"),
        ("layered.main", "python3.11"),
        ("installed.handler.main", "python3.11"),
        ("index.main", "nodejs20.x"),
        ("./index.main", "nodejs20.x"),
        ("src/module.main", "nodejs20.x"),
        ("src/common.nested.main", "nodejs20.x"),
        ("src/directory.main", "nodejs20.x"),
        ("layered.main", "nodejs20.x"),
        ("node_modules/wrapper/handler.main", "nodejs20.x"),
        ("/opt/nodejs/wrapper.main", "nodejs20.x"),
        ("com.example.Handler::handle", "java21"),
        ("com.example.Handler", "java21"),
        ("bootstrap", "provided.al2023"),
        ("orders.create", "ruby3.3"),
        ("lib/orders.Shop::Orders.create", "ruby3.3"),
        ("layered.run", "ruby3.3"),
    ],
)
def test_found(root: Path, handler: str, runtime: str) -> None:
    assert check_handler(handler, runtime, str(root), (str(root / "layer"),), {}) is None


@pytest.mark.parametrize(
    ("handler", "runtime", "kind", "words"),
    [
        ("handlr.main", "python3.11", "missing", ("handlr.py", "did you mean handler.py?")),
        ("src/order.main", "python3.11", "missing", ("src/order.py", "did you mean src/orders.py?")),
        ("src/modul.main", "nodejs20.x", "missing", ("src/modul.js", "did you mean src/module.mjs?")),
        ("src/typed.main", "nodejs20.x", "missing", ("is not compiled", "src/typed.ts")),
        ("zzzzzz.main", "nodejs20.x", "missing", ("there is no zzzzzz.js",)),
        ("handler", "python3.11", "malformed", ("names no function",)),
        ("src.d/handler", "nodejs20.x", "malformed", ("names no function",)),
        (".main", "python3.11", "malformed", ("names no function",)),
        ("order.create", "ruby3.3", "missing", ("order.rb", "did you mean orders.rb?")),
        ("orders.Shop.Orders.create", "ruby3.3", "malformed", ("too many dots", "Module::Class")),
        ("./orders.create", "ruby3.3", "malformed", ("too many dots",)),
        ("com.example.Handler:handle", "java21", "malformed", ("package.Class::method",)),
        ("com.example.Handler::", "java21", "malformed", ("package.Class::method",)),
        ("orders", "ruby3.3", "malformed", ("names no function",)),
        ("../handler.main", "python3.11", "outside", ("leaves",)),
        ("src/../../x.main", "nodejs20.x", "outside", ("leaves",)),
        ("/srv/handler.main", "python3.11", "outside", ("absolute",)),
    ],
)
def test_faults(root: Path, handler: str, runtime: str, kind: str, words: tuple[str, ...]) -> None:
    fault = check_handler(handler, runtime, str(root), (), {})
    assert fault is not None
    assert fault.kind == kind
    for word in words:
        assert word in f"{fault.problem} {fault.label}"


def test_active_virtual_environment(root: Path, tmp_path: Path) -> None:
    package = tmp_path / "elsewhere" / "lib" / "python3.11" / "site-packages" / "agent"
    package.mkdir(parents=True)
    (package / "handler.py").touch()
    assert check_handler("agent.handler.main", "python3.11", str(root), (), {}) is not None
    environ = {"VIRTUAL_ENV": str(tmp_path / "elsewhere")}
    assert check_handler("agent.handler.main", "python3.11", str(root), (), environ) is None


def test_build_output() -> None:
    assert in_build_output("dist/index.main")
    assert in_build_output("packages/a/.build/index.main")
    assert not in_build_output("src/dist.main")
