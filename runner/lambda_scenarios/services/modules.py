"""Files that are programs for Node.js: what they export, and what is said where they fail."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.values import Json, Origin, Place
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.services import node_process
from lambda_scenarios.services.node_process import Exported, NoAnswer, NodeProcess, Question, Thrown

_MOST_FRAMES = 5

_FRAME = re.compile(r"^\s+at (?:.*\()?(?:file://)?(?P<file>/[^\n]*?):(?P<line>\d+):(?P<column>\d+)\)?$", re.M)
_SYNTAX_PLACE = re.compile(r"^(?:file://)?(?P<file>/[^\n]*?):(?P<line>\d+)\n")


class Modules:
    """The programs of one service, evaluated in one process, which is started on first need.

    `arguments` are what they see in `process.argv`; paths in messages are relative to `cwd`. `note` is told
    of each file.
    """

    def __init__(
        self,
        root: str,
        arguments: tuple[str, ...],
        environ: Mapping[str, str],
        cwd: str,
        note: Callable[[str], None],
    ) -> None:
        self._root = root
        self._arguments = arguments
        self._environ = environ
        self._cwd = cwd
        self._note = note
        self._process: NodeProcess | None = None
        self._known: dict[tuple[str, tuple[str, ...]], Exported] = {}
        self._active: list[tuple[str, tuple[str, ...]]] = []  # from the asker to the asked
        self._left_out: dict[Origin, str] = {}

    def exported(
        self,
        file: str,
        address: tuple[str, ...] = (),
        *,
        argument: Mapping[str, Json] | None = None,
        environ: Mapping[str, str] = {},
        answer: Callable[[int, Question], Json] | None = None,
    ) -> Exported:
        """What `file` (absolute) exports at `address`: see `NodeProcess.request`. Each is asked for once.

        Raises UsageError with the place in the program; Thrown only where a question was refused and the
        program failed by that: `fields["asked"]` is then the question's number.
        """
        key = (file, address)
        self._note(file)
        known = self._known.get(key)
        if known is not None:
            return known
        if key in self._active:
            raise UsageError(Diagnostic("it needs itself to give its value", Place(file, 1)))
        if self._process is None:
            self._process = NodeProcess(
                node_process.node_of(file, self._environ), self._arguments, self._environ, self._root
            )
        self._active.append(key)
        try:
            found = self._process.request(
                file, address, argument, environ, answer or _refuse, node_process.PATIENCE
            )
        except Thrown as thrown:
            if thrown.fields["asked"] and answer is not None:
                raise
            raise UsageError(self._thrown(file, thrown.fields)) from None
        except NoAnswer as ended:
            self._process = None
            raise UsageError(self._ended(file, ended.status)) from None
        finally:
            self._active.pop()
        self._known[key] = found
        for path, what in found.dropped:
            self._left_out[Origin(file, (*address, *path))] = what
        return found

    def left_out(self, inside: Origin) -> Iterator[tuple[Origin, str]]:
        """What the programs have in a value that JSON can't hold, and what it is: `a function`."""
        for origin, what in self._left_out.items():
            if origin.file == inside.file and origin.path[: len(inside.path)] == inside.path:
                yield origin, what

    def close(self) -> None:
        """Ends the process, if there is one. Idempotent; it is started anew where it is needed again."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def _thrown(self, file: str, error: dict[str, Any]) -> Diagnostic:
        name = os.path.basename(file)
        kind, message = error["kind"], error["message"]
        if kind == "typescript":
            return Diagnostic(
                f"{name} is TypeScript, and nothing here can read it",
                Place(file, 1),
                notes=(
                    *((f"it was tried by {message.partition(chr(10))[0]}",) if message else ()),
                    f"what can: npm install --save-dev ts-node typescript (in {self._shown(self._root)})",
                    "or: esbuild, tsx, or Node.js 22.18 or later",
                ),
            )
        if kind == "module syntax":
            return Diagnostic(
                message, Place(file, 1), notes=('name it .mjs, or say "type": "module" in package.json',)
            )
        if kind == "unsettled":
            return Diagnostic(
                f"{name} doesn't come to an end: a promise that it waits for is never settled", Place(file, 1)
            )
        if kind != "thrown":  # a value that is no JSON
            at = ".".join(str(key) for key in error["path"])
            what = f"`{at}`, which it exports," if at else "what it exports"
            return Diagnostic(f"{name} can't be used: {what} {message}", Place(file, 1))
        place, frames = self._frames(file, error["stack"])
        notes = tuple(frames)
        if error["code"] in ("MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"):
            message = message.partition("\n")[0]
            notes += (f"is it installed? npm install (in {self._shown(self._root)})",)
        first, *rest = message.strip().split("\n") or [""]
        thrown = ": ".join(part for part in (error["name"], first) if part)
        problem = f"{name} threw {thrown}"
        return Diagnostic(problem, place, notes=(*rest[:_MOST_FRAMES], *notes))

    def _frames(self, file: str, stack: str) -> tuple[Place, list[str]]:
        """Where the user's own code failed, and how it came there."""
        if syntax := _SYNTAX_PLACE.match(stack):
            return Place(syntax["file"], int(syntax["line"])), []
        places = [
            Place(match["file"], int(match["line"]), int(match["column"]))
            for match in _FRAME.finditer(stack)
            if match["file"] != node_process.SCRIPT
        ]
        own = [place for place in places if "/node_modules/" not in place.file]
        if not own:
            return Place(file, 1), []
        frames = [f"at {self._shown(place.file)}:{place.line}:{place.column}" for place in places]
        return own[0], frames[:_MOST_FRAMES] if len(frames) > 1 else []

    def _ended(self, file: str, status: int | None) -> Diagnostic:
        name = os.path.basename(file)
        if status is None:
            problem = f"{name} didn't come to an end within {node_process.PATIENCE:g} seconds"
            return Diagnostic(problem, Place(file, 1), notes=("its process was ended",))
        how = f"exit status {status}" if status >= 0 else f"signal {-status}"
        return Diagnostic(
            f"{name} ended its process ({how})", Place(file, 1), "it must export a value instead"
        )

    def _shown(self, path: str) -> str:
        return shown_path(path, self._cwd) if path != self._cwd else "."


def options_argument(stage: str | None, region: str | None, params: Mapping[str, str]) -> dict[str, Json]:
    """What exported functions are called with: the options of the command line, as far as there are any."""
    options: dict[str, Json] = {}
    if stage:
        options["stage"] = stage
    if region:
        options["region"] = region
    if params:
        options["param"] = [f"{name}={value}" for name, value in params.items()]
    return {"options": options}


def value_of_module(path: str, environ: Mapping[str, str], cwd: str) -> Json:
    """The event or context that the JavaScript or TypeScript file at `path` (absolute) exports.

    A function is called, a promise awaited, in a Node.js process of its own with `environ`. Paths in
    messages are relative to `cwd`. Raises UsageError, also where a part of the value is no JSON.
    """
    modules = Modules(os.path.dirname(path), (), environ, cwd, lambda _: None)
    try:
        found = modules.exported(path)
    finally:
        modules.close()
    for at, what in found.dropped:
        where = f"`{'.'.join(str(key) for key in at)}`" if at else "it"
        raise UsageError(
            Diagnostic(
                f"{os.path.basename(path)} can't be used: {where} is {what}, which is no JSON", Place(path, 1)
            )
        )
    return found.value


def _refuse(number: int, question: Question) -> Json:  # noqa: ARG001 - the shape of all that answer
    raise node_process.QuestionRefused("variables aren't known while the service file is read")
