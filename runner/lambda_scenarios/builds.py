"""The `build` commands of functions: run before the first invocation, where something has changed since.

A command counts as up to date where every file of its directory is as it was when the last run's builds had
ended: name, size and time. What that was is kept in `.lambda-scenarios/builds/` of the project, in a file for
each command and directory; deleting them builds everything again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import select
import signal
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from lambda_scenarios import state
from lambda_scenarios.backends.local import Process, spawn
from lambda_scenarios.backends.reaper import Reaper
from lambda_scenarios.errors import MissingPart
from lambda_scenarios.execution.loop import raise_interrupts
from lambda_scenarios.model.function import Function
from lambda_scenarios.phrases import plural, shown_path

# Where nothing lies that a build reads: version control, this program, what interpreters and packaging leave.
_PASSED_OVER = frozenset({".git", ".hg", ".svn", state.FOLDER, "__pycache__", ".serverless", ".pytest_cache"})
_SHOWN_LINES = 40  # of the output of a build that failed
_KEPT = 256 * 1024  # bytes of it
# Of a shell (POSIX, 2.8.2): the program that was asked for isn't there.
_NOT_FOUND = 127
# A shell, since the command is one: its directory and itself as they are, whatever stands in them.
_SHELL = ("/bin/sh", "-c", 'cd -- "$1" && eval "$2"', "build")


class Build(NamedTuple):
    """A command and the absolute directory that it is run in."""

    command: str
    directory: str


class Site(NamedTuple):
    """Where builds are run. `root` is the project's directory; `reports` one whose files are no sources. At
    `until` (time.monotonic()) a build that still runs is ended, and has failed."""

    root: str
    reports: str
    cwd: str
    environ: Mapping[str, str]
    until: float | None = None

    @property
    def is_over(self) -> bool:
        return self.until is not None and time.monotonic() >= self.until


def of(function: Function) -> Build | None:
    """The build of a function, if it has one."""
    return None if function.build is None else Build(function.build, function.code)


def run_builds(
    functions: Sequence[Function], site: Site, say: Callable[[str], None]
) -> dict[tuple[str, str], MissingPart]:
    """Runs the builds of these functions, each once, where they aren't up to date; returns those that failed.

    `say` is told what is being built. Runs that build at the same time in one project wait for each other.
    An interrupt ends a build with everything that it started, and is raised on as KeyboardInterrupt.
    """
    names: dict[Build, list[str]] = {}
    for function in functions:
        build = of(function)
        if build is not None and function.key not in names.setdefault(build, []):
            names[build].append(function.key)
    if not names:
        return {}
    raise_interrupts()
    failed: dict[tuple[str, str], MissingPart] = {}
    folder = os.path.join(site.root, state.FOLDER, "builds")
    with _alone(folder, say):
        done = []
        for build, keys in names.items():
            if state.read(_stamp(folder, build, site)) == _state(build, site):
                continue
            problem = _run(build, " and ".join(keys), site, say)
            if problem is None:
                done.append(build)
            else:
                failed[build] = problem
        # Only now: what one build made in a directory must not look like a change to another.
        for build in done:
            with contextlib.suppress(OSError):  # a project that can't be written to is built each time
                state.write(_stamp(folder, build, site), _state(build, site))
    return failed


@contextlib.contextmanager
def _alone(folder: str, say: Callable[[str], None]) -> Iterator[None]:
    """While no other run builds in this project. Where the folder can't be written, nothing is kept."""
    import fcntl

    try:
        state.directory(os.path.dirname(os.path.dirname(folder)))
        os.makedirs(folder, exist_ok=True)
        lock = os.open(os.path.join(folder, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError:
        yield
        return
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("waiting for another run that is building")
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _run(build: Build, names: str, site: Site, say: Callable[[str], None]) -> MissingPart | None:
    """Runs one build to its end; what is to be said where it failed."""
    directory = shown_path(build.directory, site.cwd)
    say(f"building {names}: {build.command}" + ("" if directory == "." else f"   (in {directory})"))
    began = time.monotonic()
    reaper = Reaper()
    try:
        null = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
        pid, output = spawn((*_SHELL, build.directory, build.command), site.environ, null)
        reaper.started(pid)
        process = Process(pid, output, reaper)
        try:
            text = _output(process, site)
        finally:
            process.kill()
            os.close(output)
    except OSError as error:
        return _failure(names, build, directory, f"/bin/sh could not be started: {error.strerror}", "")
    finally:
        reaper.close()
    status = os.waitstatus_to_exitcode(process.exit or 0)
    if status == -signal.SIGKILL and site.is_over:
        how = "it was still at work when the time of the whole run was over (--max-time)"
        return _failure(names, build, directory, how, text.decode("utf-8", "replace"))
    if status == 0:
        say(f"built {names} in {time.monotonic() - began:.1f} s")
        return None
    how = f"it exited with status {status}" if status > 0 else f"it was ended by signal {-status}"
    failure = _failure(names, build, directory, how, text.decode("utf-8", "replace"))
    if status == _NOT_FOUND:  # the tool that builds it is a part of this machine, as a runtime is
        return MissingPart(failure.problem, (*failure.notes, "or: --missing-runtime skip"))
    return failure


def _output(process: Process, site: Site) -> bytes:
    """What it writes until it ends or its time is over: not until its output ends, which a daemon may hold
    open."""
    data = b""
    ended = False
    while not ended and not site.is_over:
        ended = process.poll()
        select.select([process.output], [], [], 0.0 if ended else 0.05)
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(process.output, 65536):
                data = (data + chunk)[-_KEPT:]
            if not ended:  # closed, and still at work
                time.sleep(0.02)
    return data


def _failure(names: str, build: Build, directory: str, how: str, output: str) -> MissingPart:
    lines = output.rstrip().splitlines()
    notes = [f"`{build.command}` in {directory}: {how}"]
    if len(lines) > _SHOWN_LINES:
        notes.append(f"… {plural(len(lines) - _SHOWN_LINES, 'line')} before these")
    notes += [f"  {line}" for line in lines[-_SHOWN_LINES:]]
    return MissingPart(f"the build of {names} failed", tuple(notes), skippable=False)


def _stamp(folder: str, build: Build, site: Site) -> str:
    key = f"{build.command}\0{os.path.relpath(build.directory, site.root)}"
    return os.path.join(folder, hashlib.sha256(os.fsencode(key)).hexdigest()[:16])


def _state(build: Build, site: Site) -> str:
    """A digest of all files of the directory: names, sizes, times."""
    digest = hashlib.sha256()
    for folder, folders, names in os.walk(build.directory):
        folders[:] = [
            name
            for name in sorted(folders)
            if name not in _PASSED_OVER and os.path.join(folder, name) != site.reports
        ]
        for name in sorted(names):
            path = os.path.join(folder, name)
            try:
                found = os.stat(path)
            except OSError:  # a link to nowhere, or gone meanwhile
                continue
            if stat.S_ISREG(found.st_mode):
                relative = os.path.relpath(path, build.directory)
                digest.update(os.fsencode(f"{relative}\0{found.st_size}\0{found.st_mtime_ns}\n"))
    return digest.hexdigest()
