"""Coverage of Python: coverage.py, as the interpreter of the function has it.

It isn't a part of this program: what measures has to fit the interpreter, and people have it for their tests.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple

from lambda_scenarios.coverage.lcov import FileCoverage, parse
from lambda_scenarios.coverage.paths import linked, unloaded_modules, vendored
from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.function import Function
from lambda_scenarios.phrases import plural, shown_path
from lambda_scenarios.runtimes import programs
from lambda_scenarios.runtimes.runtime import CLIENTS, Launch, World

_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); import python_coverage as c; c.main({settings!r})"
_ASK = (
    "import sys; sys.path.pop(0); sys.path.append(sys.argv.pop(1)); "
    "import python_coverage_report as report; report.main()"
)
_SLOWLY = 600.0  # seconds that a report may take
# Patterns of coverage.py, for what is no function's own code.
_FOREIGN = ("*/site-packages/*", "*/dist-packages/*", "*/node_modules/*")


class _Configuration(NamedTuple):
    """What is measured alike: `file` configures coverage.py (None: nothing does), and `root` is where its
    patterns are meant from."""

    file: str | None
    root: str


class _Group(NamedTuple):
    """Workers of one configuration. `data` begins the names of their files; the report is made by the
    interpreter of the newest `version`."""

    data: str
    version: tuple[int, ...]
    interpreter: str
    paths: tuple[str, ...]
    code: str
    branch: bool
    codes: tuple[str, ...]
    omit: tuple[str, ...]


class Python:
    """The workers of Python in one run. `directory` is where they write what they measured."""

    def __init__(self, directory: str, root: str, world: World) -> None:
        self._directory = directory
        self._root = root
        self._world = world
        self._checked: dict[tuple[object, ...], dict[str, Any]] = {}
        self._groups: dict[_Configuration, _Group] = {}
        self._linked: dict[str, tuple[str, ...]] = {}  # by code directory

    def measured(self, launch: Launch, function: Function) -> Launch:
        """The launch of a worker that measures.

        Raises UsageError where its interpreter has no coverage.py, or one that can't be used.
        """
        configuration = _configuration(function.service.root, self._root)
        group = self._groups.get(configuration)
        data = os.path.join(self._directory, f"python-{len(self._groups)}") if group is None else group.data
        code = os.path.realpath(function.code)
        omit = _omitted(code, function.layers)
        settings = {
            "data": data,
            "config": configuration.file,
            "root": configuration.root,
            "include": self._included(code, function.code),
            "omit": omit,
        }
        interpreter = launch.command[0]
        paths = _search_paths(launch)
        branch = self._check(function, interpreter, paths, settings)
        version = tuple(int(part) for part in launch.version.split(".") if part.isdigit())
        if group is None:
            group = _Group(data, version, interpreter, paths, function.code, branch, (), ())
        if version > group.version:
            group = group._replace(version=version, interpreter=interpreter, paths=paths, code=function.code)
        self._groups[configuration] = group._replace(
            codes=tuple(dict.fromkeys((*group.codes, code))),
            omit=tuple(dict.fromkeys((*group.omit, *omit))),
        )
        at = launch.command.index("-c") + 1
        start = _START.format(settings=settings)
        return launch._replace(command=(*launch.command[:at], start, *launch.command[at + 1 :]))

    def _included(self, code: str, named: str) -> list[str]:
        """Patterns of what is measured; `named` is the code directory as the function has it."""
        if code not in self._linked:
            self._linked[code] = linked(code)
        patterns = [f"{folder}/*" for folder in dict.fromkeys((code, named))]
        return [*patterns, *(f"{path}{end}" for path in self._linked[code] for end in ("", "/*"))]

    def _code_of(self, path: str, codes: tuple[str, ...]) -> str | None:
        """The code directory that a measured file is of: the one it lies in, else one that links to it."""
        inside = [code for code in codes if path.startswith(code + os.sep)]
        if inside:
            return max(inside, key=len)
        targets = ((target, code) for code in codes for target in self._linked[code])
        return next((code for target, code in targets if (path + os.sep).startswith(target + os.sep)), None)

    def _check(
        self, function: Function, interpreter: str, paths: tuple[str, ...], settings: Mapping[str, Any]
    ) -> bool:
        """Whether branches are measured."""
        key = (interpreter, paths, settings["config"], settings["root"])
        found = self._checked.get(key)
        if found is None:
            found = self._ask(interpreter, "check", {**settings, "paths": paths, "code": function.code})
            self._checked[key] = found
        shown = shlex.quote(shown_path(interpreter, self._world.cwd))
        install = f"{shown} -m pip install"
        if found.get("missing"):
            root = shlex.quote(shown_path(os.path.join(function.service.root, ".venv"), self._world.cwd))
            notes = [f"to install it: {install} coverage"]
            if not os.path.exists(os.path.join(os.path.dirname(os.path.dirname(interpreter)), "pyvenv.cfg")):
                notes.append(
                    f"or in a virtualenv of the service, which is then used: {shown} -m venv {root} && "
                    f"{root}/bin/pip install coverage"
                )
            raise UsageError(
                Diagnostic(
                    f"{shown}, which runs {function.key}, has no coverage.py, which --coverage needs",
                    notes=tuple(notes),
                )
            )
        if found.get("old"):
            raise UsageError(
                Diagnostic(
                    f"{shown}, which runs {function.key}, has coverage.py {found['version']}, and --coverage "
                    "needs 6.3 or later",
                    notes=(f"to upgrade it: {install} --upgrade coverage",),
                )
            )
        if "problem" in found:
            file = settings["config"]
            where = f" with {shown_path(file, self._world.cwd)}" if file else ""
            raise UsageError(
                Diagnostic(
                    f"coverage.py of {shown}, which runs {function.key}, can't be used{where}",
                    notes=(str(found["problem"]),),
                )
            )
        return bool(found["branch"])

    def _ask(self, interpreter: str, what: str, settings: Mapping[str, Any]) -> dict[str, Any]:
        command = (interpreter, "-c", _ASK, CLIENTS, what, json.dumps(settings))
        text = programs.ask(command, self._world.environ, _SLOWLY)
        lines = (text or "").splitlines()
        if not lines:
            return {"problem": "it ended without a word"}
        found: dict[str, Any] = json.loads(lines[-1])
        return found

    def covered(self) -> tuple[list[tuple[FileCoverage, str]], list[str]]:
        """What ran, of every group: files by absolute paths, each with its code directory; and what went
        wrong."""
        found: list[tuple[FileCoverage, str]] = []
        problems: list[str] = []
        for configuration, group in self._groups.items():
            lcov = f"{group.data}.lcov"
            modules = (path for code in group.codes for path in unloaded_modules(code))
            unloaded = list(dict.fromkeys(map(os.path.realpath, modules)))  # as coverage.py tells of them
            settings = {
                "data": group.data,
                "config": configuration.file,
                "root": configuration.root,
                "paths": group.paths,
                "code": group.code,
                "branch": group.branch,
                "unloaded": unloaded,
                "omit": group.omit,
                "lcov": lcov,
            }
            answer = self._ask(group.interpreter, "report", settings)
            if "problem" in answer:
                problems.append(f"coverage.py made no report: {answer['problem']}")
                continue
            if answer["damaged"]:
                problems.append(f"what {plural(answer['damaged'], 'worker')} measured can't be read")
            try:
                with open(lcov, encoding="utf-8") as file:
                    files = parse(file.read())
            except FileNotFoundError:
                continue  # nothing ran
            for one in files:
                path = os.path.normpath(os.path.join(configuration.root, one.path))
                of = self._code_of(path, group.codes)
                if of is not None:
                    found.append((one._replace(path=path), of))
        return found, problems


def coverage_of(interpreter: str, world: World) -> str:
    """What `doctor` says of coverage.py in a Python."""
    look = "import sys; sys.path[:1] = []; import coverage; print(coverage.__version__)"
    version = programs.ask((interpreter, "-c", look), world.environ)
    if version is None:
        shown = shlex.quote(shown_path(interpreter, world.cwd))
        return f"no coverage.py for --coverage: {shown} -m pip install coverage"
    return f"coverage: coverage.py {version.strip()}"


def _omitted(code: str, layers: tuple[str, ...]) -> list[str]:
    """Patterns of what lies in a code directory and isn't the function's own."""
    foreign = [f"{code}/{name}" for name in vendored(code)]
    foreign += (folder for layer in layers for folder in dict.fromkeys((layer, os.path.realpath(layer))))
    return [*_FOREIGN, *(f"{path}{end}" for path in foreign for end in ("", "/*"))]


def _search_paths(launch: Launch) -> tuple[str, ...]:
    value = dict(launch.environment).get("PYTHONPATH", "")
    return tuple(part for part in value.split(os.pathsep) if part)


# Where coverage.py looks for its configuration, in its order, and what is in a file that has some:
# https://coverage.readthedocs.io/en/latest/config.html
_FILES = (
    (".coveragerc", ""),
    (".coveragerc.toml", ""),
    ("setup.cfg", "[coverage:"),
    ("tox.ini", "[coverage:"),
    ("pyproject.toml", "[tool.coverage"),
)


def _configuration(service: str, root: str) -> _Configuration:
    """That of the service's directory, else of the project's."""
    for folder in dict.fromkeys((service, root)):
        for name, mark in _FILES:
            path = os.path.join(folder, name)
            try:
                with open(path, encoding="utf-8") as file:
                    if mark in file.read():
                        return _Configuration(path, folder)
            except (OSError, UnicodeDecodeError):
                continue
    return _Configuration(None, service)
