"""What git knows of a project: which files changed since a revision, and what they were like then."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence

from lambda_scenarios.errors import Diagnostic, UsageError, did_you_mean

_SYMBOLIC_LINK = "120000"
_SUBMODULE = "160000"
# What git sets for its hooks: it stands for the top of a repository, wherever git is started.
_OF_A_HOOK = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_PREFIX")
_MOST_ALIASES = 100_000
_SHALLOW = (
    "this clone is shallow, as those of CI systems are: it has only the last commits",
    "GitHub Actions: `fetch-depth: 0` under `with:` of actions/checkout; GitLab: GIT_DEPTH: 0",
)


class Revision:
    """A commit that the working tree is compared with."""

    def __init__(self, name: str, directory: str, environ: Mapping[str, str]) -> None:
        """The point at which the present branch left the revision `name`, in `directory`'s repository.

        Raises UsageError where there is no git, no repository, or no such revision.
        """
        self._name = name
        self._directory = directory
        whole = {**environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
        self._environ = whole
        if "GIT_WORK_TREE" not in environ:  # else somebody says where the repository is
            self._environ = {name: value for name, value in whole.items() if name not in _OF_A_HOOK}
            if self._git("rev-parse", "--show-toplevel").returncode != 0:
                self._environ = whole  # no hook's: the repository lies elsewhere
        self.top = self._top()
        self.commit = self._branching(self._commit())

    def _top(self) -> str:
        done = self._git("rev-parse", "--show-toplevel")
        if done.returncode == 0:
            return os.path.realpath(os.fsdecode(done.stdout.removesuffix(b"\n")))
        said = _said(done)
        fix = f"git config --global --add safe.directory {self._directory}" if "dubious" in said else ""
        raise self._refused("this project is in no git repository that can be read", (said, fix))

    def _commit(self) -> str:
        name = self._name
        if not name or name.startswith("-"):
            raise self._refused(f"`{name}` is no revision")
        done = self._git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        if done.returncode == 0:
            return done.stdout.decode("ascii", "replace").strip()
        if not name.strip("0"):
            note = "CI systems give this for a branch that is new: name the branch that it left"
            raise self._refused("there is no commit of zeros", (note,))
        raise self._refused(f"git knows no revision `{name}`", (*self._near(name), *self._shallow()))

    def _branching(self, commit: str) -> str:
        done = self._git("merge-base", commit, "HEAD")
        if done.returncode == 0:
            return done.stdout.decode("ascii", "replace").strip()
        if notes := self._shallow():
            raise self._refused(f"where this branch left `{self._name}` isn't known", notes)
        return commit  # histories that have nothing in common

    def _near(self, name: str) -> Sequence[str]:
        done = self._git("for-each-ref", "--format=%(refname:short)")
        known = os.fsdecode(done.stdout).split()
        near = did_you_mean(name, known)
        if near is not None:
            return (f"did you mean `{near}`?",)
        remote, slash, branch = name.partition("/")
        return (f"`git fetch {remote} {branch}` gets a branch of another repository",) if slash else ()

    def _shallow(self) -> tuple[str, ...]:
        done = self._git("rev-parse", "--is-shallow-repository")
        return _SHALLOW if done.stdout.strip() == b"true" else ()

    def changes(self) -> frozenset[str]:
        """The files that were changed, added or deleted, committed or not, but for what git ignores: absolute
        paths without symbolic links in their directories. Raises UsageError.

        Of a submodule with another commit or changed files, or another repository, all files count; itself
        where it has none, as one that isn't checked out.
        """
        differing = ("--name-only", "--no-renames", "--no-ext-diff", "--ignore-submodules=untracked", "-z")
        changed = self._paths("diff", *differing, self.commit, "--")
        entries = self._entries(self.top)
        changed += self._untracked(self.top, entries)
        files: set[str] = set()
        for path in changed:
            if os.path.isdir(path) and not os.path.islink(path):
                files.update(list(_files_under(path)) or (path,))
            else:
                files.add(path)
        return frozenset(files | self._aliases(files, entries))

    def _entries(self, repository: str) -> list[tuple[str, str]]:
        """What the index of a repository (absolute) has: mode and path, as `100644` and `src/app.py`."""
        done = self._git("ls-files", "--stage", "-z", at=repository)
        entries = (entry.partition("\t") for entry in os.fsdecode(done.stdout).split("\0") if entry)
        return [(said.partition(" ")[0], path) for said, _, path in entries]

    def _untracked(self, repository: str, entries: Sequence[tuple[str, str]]) -> list[str]:
        """The files that nobody has added yet, in a repository and its submodules."""
        found = self._paths("ls-files", "--others", "--exclude-standard", "-z", at=repository)
        for mode, name in entries:
            inner = os.path.join(repository, name)
            if mode == _SUBMODULE and os.path.exists(os.path.join(inner, ".git")):
                found += self._untracked(inner, self._entries(inner))
        return found

    def _aliases(self, files: set[str], entries: Sequence[tuple[str, str]]) -> set[str]:
        """The names that changed files have by symbolic links of the repository."""
        links = [os.path.join(self.top, path) for mode, path in entries if mode == _SYMBOLIC_LINK]
        links += [path for path in files if os.path.islink(path)]
        links_to: dict[str, list[str]] = {}
        for link in dict.fromkeys(links):
            links_to.setdefault(os.path.realpath(link), []).append(link)
        found: set[str] = set()
        waiting = list(files) if links_to else []
        while waiting and len(found) < _MOST_ALIASES:  # links may go round in circles
            path = target = waiting.pop()
            while target != os.path.dirname(target):
                for link in links_to.get(target, ()):
                    alias = link + path[len(target) :]
                    if alias not in found and alias not in files and not alias.startswith(target + os.sep):
                        found.add(alias)
                        waiting.append(alias)
                target = os.path.dirname(target)
        return found

    def content(self, path: str) -> bytes | None:
        """What a file (absolute) was at the revision; None where it wasn't there."""
        relative = os.path.relpath(path, self.top)
        done = self._git("cat-file", "blob", f"{self.commit}:{relative}")
        return done.stdout if done.returncode == 0 else None

    def ignores(self, path: str) -> bool:
        """Whether git doesn't look at a file or directory: its changes can't be known."""
        if path != self.top and not path.startswith(self.top + os.sep):
            return True
        return path != self.top and self._git("check-ignore", "--quiet", path).returncode == 0

    def _paths(self, *arguments: str, at: str | None = None) -> list[str]:
        """The paths that git prints of a repository, the project's own or that in `at`, absolute."""
        at = self.top if at is None else at
        done = self._git(*arguments, at=at)
        if done.returncode != 0:
            raise self._refused("git can't say what has changed", (_said(done),))
        return [os.path.join(at, path) for path in os.fsdecode(done.stdout).split("\0") if path]

    def _git(self, *arguments: str, at: str | None = None) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                ("git", *arguments),  # noqa: S607  # the user's, wherever it is
                cwd=self._directory if at is None else at,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
        except FileNotFoundError:
            raise self._refused("there is no program `git`", ("apt-get install git",)) from None
        except OSError as problem:
            raise self._refused(f"git can't be started: {problem.strerror}") from None

    def _refused(self, problem: str, notes: Sequence[str] = ()) -> UsageError:
        return UsageError(
            Diagnostic(f"--changed-since: {problem}", notes=tuple(note for note in notes if note))
        )


def _files_under(directory: str) -> Iterator[str]:
    for here, folders, names in os.walk(directory):
        folders[:] = [name for name in folders if name != ".git"]
        yield from (os.path.join(here, name) for name in names)


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    text = done.stderr.decode("utf-8", "replace").strip()
    return f"git: {text.partition(chr(10))[0].removeprefix('fatal: ')}" if text else ""
