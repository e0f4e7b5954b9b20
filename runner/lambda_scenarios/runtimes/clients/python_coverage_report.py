"""What coverage.py is asked for in the interpreter of a function: `check` before a run, `report` after it.

    python -c '…' DIRECTORY_OF_THIS_FILE check|report JSON

Each prints one JSON object; what coverage.py refuses is its `problem`.
"""

from __future__ import annotations

import json
import os
import sys

TYPE_CHECKING = False  # the constant of `typing`, without its import
if TYPE_CHECKING:
    from typing import Any


def check(settings: dict[str, Any]) -> dict[str, Any]:
    """`version`, and whether branches are measured, `branch`. `missing` where neither the interpreter nor
    `paths` nor the code has a coverage.py, `old` where it has one that can't be used."""
    python_coverage: Any = __import__("python_coverage")
    sys.path[:0] = settings["paths"]
    try:
        coverage: Any = python_coverage.find_coverage(settings["code"])
    except ImportError:
        return {"missing": True}
    found = {"version": coverage.__version__}
    if not hasattr(coverage.Coverage, "lcov_report"):
        return {**found, "old": True}
    os.chdir(settings["root"])
    try:
        configured = python_coverage.configured(coverage, settings)
        configured.start()  # now it knows its plugins
        configured.stop()
    except Exception as problem:  # noqa: BLE001 - plugins may raise anything
        return {**found, "problem": f"{type(problem).__name__}: {problem}"}
    return {**found, "branch": bool(configured.get_option("run:branch"))}


def report(settings: dict[str, Any]) -> dict[str, Any]:
    """Unites the files that begin with `data`, and writes what they say to the file `lcov`. The files
    `unloaded` are in it as well, as far as the configuration doesn't omit them."""
    python_coverage: Any = __import__("python_coverage")
    sys.path[:0] = settings["paths"]
    coverage: Any = python_coverage.find_coverage(settings["code"])
    os.chdir(settings["root"])
    damaged = 0
    try:
        united = coverage.Coverage(data_file=settings["data"], config_file=settings["config"] or False)
        python_coverage.decide_all(united)
        data = united.get_data()
        damaged = _unite(coverage, data, settings["data"])
        unloaded = set(settings["unloaded"]) - set(data.measured_files())
        if unloaded and (data.has_arcs() or settings["branch"]):
            data.add_arcs({path: [] for path in unloaded})
        elif unloaded:
            data.add_lines({path: [] for path in unloaded})
        omit = [*(united.get_option("run:omit") or ()), *(united.get_option("report:omit") or ())]
        united.lcov_report(outfile=settings["lcov"], ignore_errors=True, omit=[*omit, *settings["omit"]])
    except Exception as problem:  # noqa: BLE001 - plugins may raise anything
        if type(problem).__name__ != "NoDataError":
            return {"problem": f"{type(problem).__name__}: {problem}"}
    return {"damaged": damaged}


def _unite(coverage: Any, data: Any, beginning: str) -> int:
    """Adds what the files say whose names have this beginning; returns how many can't be read.

    Not by `combine`: that takes files for equal which were, when they were written first.
    """
    folder, prefix = os.path.split(beginning)
    damaged = 0
    for name in sorted(os.listdir(folder)):
        if name.startswith(prefix + ".") and not name.endswith("-journal"):
            one = coverage.CoverageData(os.path.join(folder, name))
            try:
                one.read()
                data.update(one)
            except Exception:  # noqa: BLE001 - sqlite3's errors as well as coverage.py's
                damaged += 1
    return damaged


def main() -> None:
    name, text = sys.argv[1:]
    answer = {"check": check, "report": report}[name](json.loads(text))
    print(json.dumps(answer))  # noqa: T201  # to whoever started this


if __name__ == "__main__":
    main()
