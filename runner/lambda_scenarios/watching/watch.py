"""`run --watch`: waits for changes, and has runs made of them, each in a process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from lambda_scenarios.execution.loop import Loop, Signals, listening
from lambda_scenarios.phrases import plural, shown_path
from lambda_scenarios.reports.style import ASCII, STATUS_PAINT, UNICODE, Look, style
from lambda_scenarios.reports.text import display_width, printable
from lambda_scenarios.watching.inotify import Inotify
from lambda_scenarios.watching.repository import not_ignored
from lambda_scenarios.watching.sources import Sources
from lambda_scenarios.watching.tree import Ground, Tree, is_snapshot
from lambda_scenarios.watching.turn import Notes, Turn, notes_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambda_scenarios.model.record import Status
    from lambda_scenarios.runtimes.runtime import World

# Seconds of silence after which what was saved is taken for whole, and the longest wait for silence.
_QUIET = 0.04
_LONGEST = 0.25
# Looking takes so much of the time at most, and happens so often at most (seconds): where the system tells of
# changes, of which there may be some that it doesn't see, as on a network; and where it doesn't.
_TOLD = (0.01, 2.0)
_UNTOLD = (0.1, 0.1)
_INTERRUPTED, _NOTHING_SELECTED, _UNUSABLE = 130, 5, 2
_SHOWN = 5
_BAD = frozenset(("failed", "error"))
# So many runs one after the other, each for what changed during the one before: scenarios that write it.
_IN_SUCCESSION = 4


def watch(world: World, width: int, run: Callable[[Turn], int]) -> int:
    """Runs everything, then what changes touch, until a signal comes. Returns the exit status, in the process
    that was called and in that of each run."""
    parent = _Watch(world, width)
    turn = parent.attend()
    if turn is None:
        return parent.status
    return turn.once(lambda: run(turn))


class _Watch:
    """`status` is the exit status, in the end."""

    def __init__(self, world: World, width: int) -> None:
        self.status = _INTERRUPTED
        self._world = world
        look = style(world.environ, sys.stderr.isatty(), sys.stderr.encoding)
        self._look = Look(look.colour, UNICODE if look.unicode else ASCII, width)
        self._inotify = _inotify(world)
        self._tree = Tree(self._inotify)
        self._loop = Loop()
        self._statuses: dict[str, Status] = {}
        self._only: frozenset[str] | None = None
        self._sources = Sources()
        self._whole = True  # nothing has run yet
        self._asked = False  # for everything
        self._told: frozenset[str] | None = frozenset()  # directories in which something happened
        self._results = [tempfile.TemporaryFile() for _ in range(2)]  # noqa: SIM115  # to the end
        self._notes = tempfile.TemporaryFile()  # noqa: SIM115  # it is there as long as the watch
        self._has_results = False
        # How often a file changed, or files came into a directory, during runs one after the other.
        self._untimely: dict[str, int] = {}
        self._written: set[str] = set()  # files, and directories of new ones, that scenarios write

    def attend(self) -> Turn | None:
        """In the process of a run, what it is to run; None where the watch has ended."""
        try:
            with listening(self._loop) as signals:
                self._listen()
                turn = self._run(signals)
                while turn is None and not signals.interrupts and self.status == _INTERRUPTED:
                    changes = self._changes(signals)
                    if changes or self._asked:
                        turn = self._run(signals, changes)
                return turn
        finally:
            self._loop.close()

    # ---- waiting

    def _listen(self) -> None:
        if self._inotify is not None:
            self._loop.watch(self._inotify.descriptor, self._hear)
        with contextlib.suppress(OSError, ValueError):  # closed, or a file
            self._loop.watch(0, self._typed)

    def _hear(self) -> None:
        assert self._inotify is not None, "nobody else calls this"
        heard = self._inotify.read()
        self._told = None if heard is None or self._told is None else self._told | heard

    def _typed(self) -> None:
        with contextlib.suppress(OSError):
            if os.isatty(0) and os.tcgetpgrp(0) != os.getpgrp():
                return  # in the background it isn't for this process
        try:
            data = os.read(0, 4096)
        except OSError:
            data = b""
        if not data:
            self._loop.unwatch(0)
        self._asked |= b"\n" in data

    def _changes(self, signals: Signals) -> set[str]:
        """Waits for changes that are over, or for Enter."""
        changed: set[str] = set()
        began = 0.0
        share, shortest = _TOLD if self._tree.told else _UNTOLD
        due = time.monotonic() + shortest
        while not signals.interrupts and not self._asked:
            reads = not changed and self._sources.read_some()
            now = time.monotonic()
            self._loop.turn(_QUIET if changed else 0.0 if reads else max(0.0, due - now))
            directories, self._told = self._told, frozenset()
            now = time.monotonic()
            if directories:
                found = self._tree.scan(directories)
            elif directories is None or now >= due or changed:
                found = self._tree.scan(None if directories is None or not changed else self._homes(changed))
                due = time.monotonic() + max(shortest, (time.monotonic() - now) / share)
            else:
                continue
            self._written -= found  # now it is somebody else
            if changed and (not found or now - began > _LONGEST):
                return changed | found
            if found and not changed:
                began = now
            changed |= found
        return changed

    def _homes(self, changed: set[str]) -> set[str]:
        return {os.path.dirname(path) for path in changed}

    # ---- running

    def _run(self, signals: Signals, changes: set[str] | frozenset[str] = frozenset()) -> Turn | None:
        """One run, and those for what changes meanwhile; a Turn in the processes of runs."""
        self._untimely.clear()
        while True:
            if changes or self._asked:
                self._say_what(changes)
            turn = self._fork()
            if turn is not None:
                return turn
            meanwhile = self._until_over(signals)
            if meanwhile is None or not (meanwhile or self._asked):
                return None
            changes = meanwhile

    def _fork(self) -> Turn | None:
        everything = self._whole or self._asked
        self._asked = False
        for path in self._tree.changes:
            _drop_bytecode(path)
        sys.stdout.flush()
        sys.stderr.flush()
        self._began = time.time()
        turn = Turn(
            None if everything else frozenset(self._tree.changes),
            self._tree.content,
            self._statuses,
            self._only,
            self._sources,
            self._results[0].fileno() if self._has_results else None,
            self._results[1].fileno(),
            self._notes.fileno(),
        )
        self._pid = os.fork()
        if not self._pid:
            # The terminal's ^C goes to whoever watches, and once from there to here.
            os.setpgid(0, 0)
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # with `stty tostop`, writing there would stop it
            self._loop.close()  # before anything is taken from it that is the other's as well
            return turn
        with contextlib.suppress(OSError):
            os.setpgid(self._pid, self._pid)
        return None

    def _until_over(self, signals: Signals) -> set[str] | None:
        """Waits for the run's end, and takes what it leaves. The files that changed meanwhile; None where
        there is nothing to go on with."""
        forwarded = 0
        while True:
            if forwarded < signals.interrupts:
                forwarded = signals.interrupts
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._pid, signal.Signals[signals.by])
            ended, code = os.waitpid(self._pid, os.WNOHANG)
            if ended:
                break
            self._loop.turn(1.0)
        if signals.interrupts:
            return None
        status = os.waitstatus_to_exitcode(code)
        self._notes.seek(0)
        notes = notes_of(self._notes.read())
        self._notes.truncate(0)
        if self._whole and (
            status == _NOTHING_SELECTED or (status == _UNUSABLE and notes.placeless and not self._has_results)
        ):
            self.status = status
            return None
        self._take(notes)
        self._told = frozenset()
        ground = Ground(frozenset(notes.deep), frozenset(notes.flat), frozenset(notes.without))
        meanwhile = self._meant(self._tree.cover(ground, self._began) | self._tree.scan())
        if not meanwhile and not self._asked:
            self._say_that_it_goes_on()
        _load(notes.modules)
        if notes.files:
            self._sources.expect(notes.files)
        return meanwhile

    def _take(self, notes: Notes) -> None:
        if notes.untouched:
            self._say("no scenario is touched by that")
            self._say_differences(self._statuses)
        elif notes.statuses is not None:
            self._results.reverse()
            if self._has_results:
                self._say_differences(notes.statuses)
            self._statuses = dict(notes.statuses)
            self._has_results, self._whole = True, False
            if self._only is None and notes.last_failed:
                self._only = frozenset(notes.chosen)
        else:
            return  # what has changed is still to be run
        self._tree.taken()

    def _meant(self, changes: set[str]) -> set[str]:
        """Those of the files that changed during a run which it has hardly written itself."""
        found = {path for path in changes if not is_snapshot(path)}
        if found:
            found = not_ignored(found, self._world.environ)
        # Files that have another name each time are told by their directory.
        places = {path: os.path.dirname(path) if path in self._tree.made else path for path in found}
        self._untimely = {place: self._untimely.get(place, 0) + 1 for place in set(places.values())}
        for place, times in sorted(self._untimely.items()):
            if times >= _IN_SUCCESSION and place not in self._written:
                self._written.add(place)
                shown = shown_path(place, os.path.realpath(self._world.cwd))
                what = f"{shown} changes" if place in found else f"files come into {shown}"
                self._say(f"{what} whenever scenarios run: that alone doesn't run them again")
        return {path for path, place in places.items() if place not in self._written}

    # ---- saying

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError):  # nobody reads it
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()

    def _say_what(self, changes: set[str] | frozenset[str]) -> None:
        shown = sorted(
            {shown_path(path, os.path.realpath(self._world.cwd)) for path in changes}, key=_by_length
        )
        said = "all again" if self._asked or not shown else f"{', '.join(shown[:_SHOWN])}"
        if not self._asked and len(shown) > _SHOWN:
            said += f" and {len(shown) - _SHOWN} more"
        if not self._asked and shown:
            said += " changed"
        rule = self._look.symbols.rule
        line = f"{rule * 4} {printable(said)} "
        self._say(
            "\n" + self._look.paint(line + rule * max(4, self._look.width - display_width(line)), "cyan")
        )

    def _say_differences(self, now: Mapping[str, Status]) -> None:
        """What is otherwise than before; the others that don't pass are counted."""
        bad = [one for one, status in now.items() if status in _BAD]
        for one, status in now.items():
            before = self._statuses.get(one)
            if before is None or before == status:
                continue
            symbol = self._look.paint(self._look.symbols.of(status), STATUS_PAINT[status])
            was = f"{before} before" if before != "not run" else "not run before"
            self._say(f"{symbol} {self._look.paint(printable(one), 'bold')}: {status}, {was}")
        still = [one for one in bad if self._statuses.get(one) == now[one]]
        for one in still[:_SHOWN]:
            symbol = self._look.paint(self._look.symbols.of(now[one]), "red")
            self._say(f"{symbol} {printable(one)}: still {now[one]}")
        if len(still) > _SHOWN:
            self._say(f"  and {len(still) - _SHOWN} more as before")

    def _say_that_it_goes_on(self) -> None:
        files, directories = self._tree.counts()
        where = f"{plural(files, 'file')} in {directories} director{'y' if directories == 1 else 'ies'}"
        more = self._look.symbols.more
        self._say(self._look.paint(f"watching {where} {more} (^C ends, Enter runs all again)", "dim"))


def _by_length(path: str) -> tuple[int, str]:
    return path.count(os.sep), path


def _inotify(world: World) -> Inotify | None:
    if world.environ.get("LAMBDA_SCENARIOS_WATCH") == "poll":
        return None
    try:
        return Inotify()
    except OSError:
        return None


def _drop_bytecode(path: str) -> None:
    """Python takes what it has compiled for current where size and second of the source are the same, as
    where it is changed twice at once."""
    directory, name = os.path.split(path)
    stem, suffix = os.path.splitext(name)
    if suffix != ".py":
        return
    cache = os.path.join(directory, "__pycache__")
    with contextlib.suppress(OSError):
        for found in os.listdir(cache):
            if found.startswith(f"{stem}.") and found.endswith(".pyc"):
                os.unlink(os.path.join(cache, found))


def _load(modules: tuple[str, ...]) -> None:
    """What a run has needed is there when the next begins."""
    for name in modules:
        if name not in sys.modules:
            with contextlib.suppress(Exception):
                import_module(name)
