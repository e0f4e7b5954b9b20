"""A worker whose lines are measured by coverage.py: the client of this directory, with that around it.

    python -u -c 'import sys; sys.path.insert(0, sys.argv.pop(1)); import python_coverage as c; c.main(…)' \\
        DIRECTORY_OF_THIS_FILE CREDITS NONCE

coverage.py is the one that the function's own interpreter has. What was measured is written when the handler
has been loaded and after each answer, since a worker may be gone at any moment; where it is to be ended while
an invocation runs, the runner first sends SIGURG (which no program uses, and which does nothing where nobody
listens), and what ran until then is written too.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # the constant of `typing`, without its import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

# What coverage.py would say about itself in the function's output.
_UNSAID = (
    *("no-data-collected", "trace-changed", "module-not-measured", "module-not-imported"),
    *("module-not-python", "include-ignored", "already-imported", "no-ctracer", "no-sysmon"),
    *("dynamic-conflict", "couldnt-parse"),
)


def find_coverage(task_root: str) -> Any:
    """coverage.py as the interpreter, its layers or the code have it, not from the working directory.

    Raises ImportError.
    """
    aside = [sys.path.pop(0)] if sys.path[0] == "" else []
    try:
        return __import__("coverage")
    except ImportError:
        sys.path.append(task_root)
        try:
            return __import__("coverage")
        finally:
            sys.path.remove(task_root)
    finally:
        sys.path[:0] = aside


def configured(coverage: Any, settings: dict[str, Any]) -> Any:
    """A Coverage that measures `include` but not `omit` (lists of patterns) into files beside `data`, with
    what the file `config` (None: none) says of branches, of what is omitted and excluded, and of plugins.

    Relative patterns of that file are meant from the working directory. Raises what coverage.py does.
    """
    found = coverage.Coverage(
        data_file=settings["data"],
        data_suffix=True,
        config_file=settings["config"] or False,
        include=settings["include"],
    )
    decide(found, "run:omit", [*(found.get_option("run:omit") or ()), *settings["omit"]])
    unsaid = [*(found.get_option("run:disable_warnings") or ()), *_UNSAID]
    decide(found, "run:disable_warnings", unsaid)
    decide_all(found)
    if sys.version_info >= (3, 12) and not found.get_option("run:branch"):
        decide(found, "run:core", _core(found))
    return found


def decide_all(found: Any) -> None:
    """Settings that a configuration can't change: what is measured is told by the functions."""
    for name in ("run:relative_files", "run:sigterm"):
        decide(found, name, False)
    for name in ("run:dynamic_context", "run:context", "run:source"):
        decide(found, name, None)
    for name in ("run:patch", "run:source_pkgs", "run:source_dirs", "run:debug"):
        decide(found, name, [])
    decide(found, "run:concurrency", ["thread"])
    decide(found, "paths", {})


def decide(found: Any, name: str, value: Any) -> None:
    from contextlib import suppress

    with suppress(Exception):  # an option that this version doesn't have; each raises another
        found.set_option(name, value)


def _core(found: Any) -> str | None:
    """What measures: what is asked for, else what costs least (https://peps.python.org/pep-0669/)."""
    try:
        asked: str | None = found.get_option("run:core")
    except Exception:  # noqa: BLE001 - this version has no such option
        return None
    return asked or os.environ.get("COVERAGE_CORE") or "sysmon"


class Measuring:
    """Measures from now on, and writes what it found at every `save`, and before the process ends."""

    def __init__(self, coverage: Any) -> None:
        import atexit
        import signal

        self._coverage = coverage
        self._saving = False
        self._leave: Callable[[int], NoReturn] = os._exit
        self._leaving = False
        self._known: dict[str, set[Any]] = {}  # what is written already
        self._count = 0  # of what is found and not written, since it is known
        coverage.start()
        atexit.register(self.save)
        signal.signal(signal.SIGURG, self._asked)

        def _exit(status: int) -> NoReturn:
            self.save()
            self._leave(status)

        os._exit = _exit

    def save(self) -> None:
        """Writes what is new. What can't be written is lost: a function must not suffer from it."""
        if self._saving:
            return
        self._saving = True
        try:
            if self._has_news():
                self._coverage.save()
        except Exception:  # noqa: BLE001, S110 - a full disk, a directory that is gone
            pass
        finally:
            self._saving = False
        if self._leaving:
            self._leave(0)

    def _has_news(self) -> bool:
        """Whether something has been found that isn't written. To write takes a hundred times as long as to
        look, and most invocations run what others have run.

        Where coverage.py keeps what it has found is its own affair: where it isn't there, all counts as new.
        """
        data = getattr(getattr(self._coverage, "_collector", None), "data", None)
        if not isinstance(data, dict):
            return True
        try:
            count = sum(map(len, data.values()))
            if count == self._count:
                return False
            found = {name: set(points) for name, points in data.items()}
        except (
            RuntimeError,
            TypeError,
        ):  # it grew meanwhile, in another thread; it is made of something else
            return True
        nothing: set[Any] = set()
        if all(points <= self._known.get(name, nothing) for name, points in found.items()):
            self._count = count
            return False
        for name, points in found.items():
            self._known.setdefault(name, set()).update(points)
        self._count = 0
        return True

    def _asked(self, _number: int, _frame: object) -> None:
        self._leaving = True
        self.save()


def forget_shadowed(loaded: set[str], task_root: str) -> None:
    """Lets the user's modules be found that are named as modules which only coverage.py has imported."""
    client: Any = __import__("python_client")
    names: set[str] = set()
    for folder in (task_root, *os.environ.get("PYTHONPATH", "").split(os.pathsep)):
        try:
            names |= {entry.partition(".")[0] for entry in os.listdir(folder or task_root)}
        except OSError:
            continue
    names -= client.LOADED_BY_AWS
    for name in set(sys.modules) - loaded:
        top = name.partition(".")[0]
        if top in names and top not in sys.builtin_module_names:
            del sys.modules[name]


def keep_database() -> None:
    """Lets coverage.py write as it found it: tracers replace `sqlite3.connect`, to tell of each statement."""
    kept: dict[str, Any] = {}
    for name, module in list(sys.modules.items()):
        if name.startswith("coverage.") and "sqlite3" in vars(module):
            database = vars(module)["sqlite3"]
            copy = kept.setdefault("sqlite3", type(sys)("sqlite3"))
            vars(copy).update(vars(database))
            vars(module)["sqlite3"] = copy


def main(settings: dict[str, Any]) -> None:
    """Become a worker that is measured."""
    own = sys.path.pop(0)
    del sys.modules[__name__]
    before = os.getcwd()
    loaded = set(sys.modules)
    task_root = os.environ.get("LAMBDA_TASK_ROOT", before)
    coverage = find_coverage(task_root)
    os.chdir(settings["root"])  # from where patterns are meant
    keep_database()
    measuring = Measuring(configured(coverage, settings))
    os.chdir(before)
    sys.path.insert(0, own)
    forget_shadowed(loaded, task_root)
    client: Any = __import__("python_client")
    send = client.Worker.send

    def send_and_save(worker: Any, data: bytes) -> None:
        send(worker, data)
        measuring.save()

    client.Worker.send = send_and_save
    client.main()
