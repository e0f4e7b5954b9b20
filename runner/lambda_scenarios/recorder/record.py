"""From an invocation and its outcome to a scenario in a file: read `record`, from top to bottom."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from lambda_scenarios import state
from lambda_scenarios.checks.evaluate import evaluate
from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.recorder.expectations import Expectation, expectations
from lambda_scenarios.recorder.insertion import CannotInsert, appended
from lambda_scenarios.recorder.varying import Known
from lambda_scenarios.scenarios.yaml_text import Unwritable, entry, flow, scalar, untemplated

if TYPE_CHECKING:
    from lambda_scenarios.invoke.event import Given
    from lambda_scenarios.invoke.pipeline import InvokeRequest
    from lambda_scenarios.model.outcome import Outcome
    from lambda_scenarios.model.scenario import Case, Invocation
    from lambda_scenarios.model.values import Json
    from lambda_scenarios.runtimes.runtime import World

# Files of these suffixes are read alike by `invoke` and by scenarios.
_READ_ALIKE = (".json", ".jsonc", ".yml", ".yaml")
_LONGEST_EVENT = 4_000  # characters, in the scenario file itself


class Recording(NamedTuple):
    """What is to be written, and where: `path` and the project's `root` are absolute; `name` is None for one
    that says what was invoked."""

    path: str
    root: str
    name: str | None
    request: InvokeRequest
    invocation: Invocation
    outcome: Outcome


class Recorded(NamedTuple):
    """The scenario's name, and the files that were written, absolute: the scenario file first."""

    name: str
    files: tuple[str, ...]
    remark: str


Reader = Callable[[str], "tuple[Case, ...]"]
# A scenario as keys and values; a value may be longer than a line.
Item = list[tuple[str, "Json"]]


def record(recording: Recording, world: World, read: Reader) -> Recorded:
    """Writes the scenario. What is written is read again, and judged by what came back, before it takes its
    place; where that fails, a simpler expectation is tried.

    `read` gives the scenarios of a file as `run` would see them. Raises UsageError, and leaves everything as
    it was.
    """
    with state.alone(recording.root):  # several at once may add to one file
        return _record(recording, world, read)


def _record(recording: Recording, world: World, read: Reader) -> Recorded:
    path = os.path.realpath(recording.path)
    before, names = target(path, recording.name, world, read)
    name = _name(recording, names)
    known = _known(recording)
    beside = _Beside(path, name)
    event = _event(recording, beside)
    trouble: UsageError | None = None
    for expectation in expectations(recording.outcome.ending, known):
        files = _Beside(path, name, beside.files)
        try:
            item = [*_head(recording, name), *event, *_expect(expectation, files)]
            text = _with(before, item, _top(recording, path), path, world)
        except Unwritable:
            continue
        try:
            if _holds(text, files, path, name, recording, world, read):
                return Recorded(name, (path, *files.paths()), expectation.remark)
        except UsageError as error:
            trouble = trouble or error
        except OSError as error:
            shown = shown_path(path, world.cwd)
            raise UsageError(Diagnostic(f"{shown} can't be written: {error.strerror}")) from None
    if trouble is not None:
        raise trouble
    problem = f"what {recording.request.function} returned can't be written as a scenario"
    raise UsageError(Diagnostic(problem))


class _Beside:
    """Files to be written beside the scenario file, by path from its directory."""

    def __init__(self, path: str, name: str, files: dict[str, bytes] | None = None) -> None:
        self._directory = os.path.dirname(path)
        stem = os.path.splitext(os.path.basename(path))[0]
        self._start = f"{stem}.files/{re.sub(r'[^A-Za-z0-9]+', '-', name).strip('-').lower()[:60] or 'file'}"
        self.files: dict[str, bytes] = dict(files or {})

    def add(self, what: str, suffix: str, content: bytes) -> str:
        """Its path from the scenario file's directory; no file that is there is written over."""
        path, number = f"{self._start}.{what}{suffix}", 1
        while path in self.files or os.path.exists(os.path.join(self._directory, path)):
            number += 1
            path = f"{self._start}-{number}.{what}{suffix}"
        self.files[path] = content
        return path

    def paths(self) -> Iterator[str]:
        return (os.path.join(self._directory, path) for path in self.files)

    def write(self) -> None:
        for path, content in zip(self.paths(), self.files.values(), strict=True):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "xb") as file:
                file.write(content)

    def remove(self) -> None:
        for path in self.paths():
            if os.path.exists(path):
                os.unlink(path)
            with contextlib.suppress(OSError):  # there is more in it
                os.rmdir(os.path.dirname(path))


def target(path: str, name: str | None, world: World, read: Reader) -> tuple[str | None, frozenset[str]]:
    """The text of the file that is to be added to, None where there is none, and its scenarios' names.

    To be asked before anything is invoked, too: an invocation may cost something. Raises UsageError, for a
    name as well that can't be given.
    """
    if name is not None and (not name.strip() or "::" in name or "\n" in name):
        raise UsageError(Diagnostic("--name takes a name in one line, without `::`"))
    text = _text_of(path, world)
    names = frozenset(case.name for case in read(path)) if text is not None else frozenset()
    if name in names:
        raise UsageError(Diagnostic(f"there is a scenario `{name}` already", notes=("--name NAME",)))
    return text, names


def _text_of(path: str, world: World) -> str | None:
    """The text of the file; None where there is none, or nothing in it. Raises UsageError."""
    shown = shown_path(path, world.cwd)
    if not path.endswith((".yml", ".yaml")):
        raise UsageError(Diagnostic(f"{shown} is no name of a scenario file: it ends in .yml"))
    try:
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(Diagnostic(f"{shown} can't be read: {error.strerror}")) from None
    except UnicodeDecodeError:
        raise UsageError(Diagnostic(f"{shown} is no UTF-8 text")) from None
    return text if text.strip() else None


def _name(recording: Recording, names: frozenset[str]) -> str:
    if recording.name is not None:
        return recording.name
    request = recording.request
    stem = ""
    if request.event.path is not None and not request.event.path.startswith("/dev/"):
        stem = os.path.basename(request.event.path).partition(".")[0]
    plain = f"{request.function} takes {stem}" if stem else f"{request.function} is invoked"
    plain = " ".join(re.sub(r"::+|[{}]", " ", plain).split())
    name, number = plain, 1
    while name in names:
        number += 1
        name = f"{plain} ({number})"
    return name


def _known(recording: Recording) -> Known:
    """The texts that went in: what is found again of them is no accident."""
    invocation = recording.invocation
    context = [value for value in invocation.context if isinstance(value, str)]
    environment = [value for _, value in invocation.environment if value is not None]
    own = [value for _, value in invocation.function.environment]
    texts = (invocation.event.decode("utf-8", "replace"), *context, *environment, *own)
    secrets = tuple(secrets_of(recording.request.environment).items())
    return Known(texts, recording.outcome.started_at, recording.outcome.request_id, secrets)


def secrets_of(environment: tuple[tuple[str, str | None], ...]) -> dict[str, str]:
    """Variables that no file may hold, with their values: scenarios take them from the shell."""
    from lambda_scenarios.reports.masking import secret_names

    names = secret_names([name for name, _ in environment])
    return {name: value for name, value in environment if name in names and value}


def _top(recording: Recording, path: str) -> Item:
    """What stands above `scenarios` in a new file."""
    from lambda_scenarios.services.catalog import find_service_file

    request, directory = recording.request, os.path.dirname(path)
    keys: Item = []
    meant = os.path.realpath(request.service)
    meant = find_service_file(meant, meant) or meant if os.path.isdir(meant) else meant
    if find_service_file(directory, os.path.realpath(recording.root)) != meant:
        keys.append(("service", os.path.relpath(meant, directory)))
    if request.options.stage is not None:
        keys.append(("stage", request.options.stage))
    if request.options.params:
        keys.append(("params", dict(request.options.params)))
    return keys


def _head(recording: Recording, name: str) -> Item:
    request = recording.request
    keys: Item = [("name", untemplated(name)), ("function", request.function)]
    if request.credentials != "none":
        keys.append(("credentials", request.credentials))
    if request.backend != "auto":
        keys.append(("backend", request.backend))
    if request.timeout is not None:
        keys.append(("timeout", request.timeout))
    if request.environment:
        keys.append(("env", _environment(request.environment)))
    return keys


def _environment(variables: tuple[tuple[str, str | None], ...]) -> Json:
    """A secret is taken from the shell of whoever runs the scenario."""
    secrets = secrets_of(variables)
    return {
        name: f"{{{{ env.{name} }}}}" if name in secrets else untemplated(value) for name, value in variables
    }


def _event(recording: Recording, beside: _Beside) -> Item:
    request = recording.request
    root = recording.invocation.function.service.root
    directory = os.path.dirname(os.path.realpath(recording.path))
    keys: Item = []
    path = _file(request.event, root)
    # Others who have the project may not have what lies outside of it.
    if path is not None and _is_inside(path, recording.root) and (request.raw or path.endswith(_READ_ALIKE)):
        keys.append(("event_path", _from(directory, path)))
        if request.raw:
            keys.append(("raw", True))
    else:
        keys.append(_inline_event(recording.invocation.event, beside))
    return [*keys, *_context(request.context, root, directory)]


def _file(given: Given, root: str) -> str | None:
    """The regular file that is named, absolute."""
    if given.path is None:
        return None
    path = os.path.normpath(os.path.join(root, given.path))
    return path if os.path.isfile(path) else None


def _is_inside(path: str, root: str) -> bool:
    return os.path.realpath(path).startswith(os.path.join(os.path.realpath(root), ""))


def _from(directory: str, path: str) -> str:
    return os.path.relpath(os.path.realpath(path), directory)


def _inline_event(event: bytes, beside: _Beside) -> tuple[str, Json]:
    try:
        value: Json = untemplated(json.loads(event))
        if len(event) <= _LONGEST_EVENT:
            flow(value)
            return "event", value
    except (Unwritable, ValueError, RecursionError):
        pass
    return "event_path", beside.add("event", ".json", event + b"\n")


def _context(given: Given, root: str, directory: str) -> Item:
    path = _file(given, root)
    if path is not None:
        if not path.endswith(_READ_ALIKE):
            problem = "a scenario's context can't be a program, nor a text of another kind"
            raise UsageError(Diagnostic(f"--contextPath {given.path}: {problem}"))
        return [("context_path", _from(directory, path))]
    if given.text is None:
        return []
    try:
        value: Json = json.loads(given.text)
    except (ValueError, RecursionError):
        value = given.text
    return [("context", untemplated(value if isinstance(value, dict) else given.text))]


def _expect(expectation: Expectation, beside: _Beside) -> Item:
    value = expectation.value
    if expectation.file is not None:
        suffix, content = expectation.file
        value = {"output_path": beside.add("output", suffix, content)}
    return [] if value is None else [("expect", value)]


def _with(before: str | None, item: Item, top: Item, path: str, world: World) -> str:
    """The text of the file with the scenario. Raises Unwritable and UsageError."""
    lines = [line for key, value in item for line in entry(key, value, 0)]
    if before is None:
        schema = "./scenario.schema.json"
        found = os.path.exists(os.path.join(os.path.dirname(path), schema))
        head = [f"# yaml-language-server: $schema={schema}"] if found else []
        head += [line for key, value in top for line in entry(key, value, 0)]
        body = [f"  - {line}" if number == 0 else f"    {line}" for number, line in enumerate(lines)]
        return "\n".join([*head, "scenarios:", *body]) + "\n"
    in_one_line = "{" + ", ".join(f"{scalar(key)}: {flow(value)}" for key, value in item) + "}"
    try:
        return appended(before, lines, in_one_line)
    except CannotInsert as reason:
        problem = f"nothing can be added to {shown_path(path, world.cwd)}: {reason}"
        raise UsageError(Diagnostic(problem, notes=("-o names another file",))) from None


def _holds(
    text: str,
    beside: _Beside,
    path: str,
    name: str,
    recording: Recording,
    world: World,
    read: Reader,
) -> bool:
    """Writes all of it where the scenario, as it is read, expects what came back of the same invocation."""
    directory = os.path.dirname(path)
    made = _make_directories(directory)
    # By this name, no run takes it for a scenario file, should it be left behind.
    draft = os.path.join(directory, f".{os.path.basename(path)}.{os.getpid()}.new")
    kept = False
    try:
        beside.write()
        with open(draft, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        if os.path.exists(path):
            os.chmod(draft, os.stat(path).st_mode & 0o777)
        found = [case.invocation for case in read(draft) if case.name == name and case.invocation is not None]
        if len(found) == 1 and _is_same(found[0], recording):
            (again,) = found
            outcome = recording.outcome
            kept = not evaluate(again.expectation, outcome, again.function, again.event).mismatches
        if kept:
            os.replace(draft, path)
    except UsageError as error:
        shown = shown_path(path, world.cwd)
        note = f"so says what would be written to {shown}; nothing was"
        told = (one._replace(where=None, label="", notes=(*one.notes, note)) for one in error.diagnostics)
        raise UsageError(*told) from None
    finally:
        if not kept:
            beside.remove()
            if os.path.exists(draft):
                os.unlink(draft)
            for one in made:
                with contextlib.suppress(OSError):  # somebody else has put something there
                    os.rmdir(one)
    return kept


def _make_directories(directory: str) -> list[str]:
    """Makes what is missing of a path; what was made, the deepest first."""
    made: list[str] = []
    missing: list[str] = []
    while not os.path.isdir(directory):
        missing.append(directory)
        directory = os.path.dirname(directory)
    for path in reversed(missing):
        os.mkdir(path)
        made.insert(0, path)
    return made


def _is_same(again: Invocation, recording: Recording) -> bool:
    """Is it the invocation that was made?"""
    made = recording.invocation
    if again.function.key != made.function.key or again.function.service.root != made.function.service.root:
        problem = f"{made.function.key} would be another function in that file: its service is another one"
        raise UsageError(Diagnostic(problem, notes=("-o names another file",)))
    return bool(json.loads(again.event) == json.loads(made.event))
