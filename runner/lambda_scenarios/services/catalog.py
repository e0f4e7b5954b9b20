"""Service files: which there is, and which reader opens it. Begin here."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

from lambda_scenarios.errors import Diagnostic, UsageError, did_you_mean
from lambda_scenarios.model.values import PROGRAMS, Origin, Place
from lambda_scenarios.phrases import shown_path
from lambda_scenarios.services.documents import Documents
from lambda_scenarios.services.inline import InlineFunctions, inline_functions
from lambda_scenarios.services.service import Service, ServiceOptions
from lambda_scenarios.services.world import World

__all__ = [
    "Catalog",
    "InlineFunctions",
    "Service",
    "ServiceOptions",
    "find_service_file",
    "inline_functions",
]

_SERVERLESS_FILES = tuple(
    f"serverless.{suffix}" for suffix in ("yml", "yaml", "json", "js", "cjs", "mjs", "ts")
)
_TEMPLATE_FILES = ("template.yaml", "template.yml", "template.json")
_CDK_FILES = ("cdk.json", "manifest.json")
SERVICE_FILES = (*_SERVERLESS_FILES, *_TEMPLATE_FILES)  # those that are found by themselves
_PARSED = (".yml", ".yaml", ".json", ".template")


def _serverless(file: str, options: ServiceOptions, world: World) -> Service:
    from lambda_scenarios.services.serverless import ServerlessService

    return ServerlessService(file, options, world)


def _template(file: str, options: ServiceOptions, world: World) -> Service:
    from lambda_scenarios.services.cloudformation.template_service import template_service

    return template_service(file, options, world)


def _cdk(file: str, options: ServiceOptions, world: World) -> Service:
    from lambda_scenarios.services.cloudformation.template_service import cdk_service

    return cdk_service(file, options, world)


_READERS: dict[str, Callable[[str, ServiceOptions, World], Service]] = {
    "serverless": _serverless,
    "template": _template,
    "cdk": _cdk,
}


def find_service_file(directory: str, root: str) -> str | None:
    """The nearest service file in `directory` or above, but not above `root`; both absolute.

    In one directory serverless.* comes before template.*, and this before an app of the CDK that was
    synthesised. A template counts only where it has `Resources`, since other tools have files of that name.
    Where `directory` isn't below `root`, only `directory` itself is searched.
    """
    root = os.path.normpath(root)
    directory = os.path.normpath(directory)
    below = directory == root or directory.startswith(root.rstrip(os.sep) + os.sep)
    while True:
        found = _service_file_in(directory)
        if found or directory == root or not below:
            return found
        directory = os.path.dirname(directory)


def _service_file_in(directory: str) -> str | None:
    for name in _SERVERLESS_FILES:
        path = os.path.join(directory, name)
        if os.path.isfile(path):
            return path
    for name in _TEMPLATE_FILES:
        path = os.path.join(directory, name)
        if os.path.isfile(path) and _mentions_resources(path):
            return path
    app = os.path.join(directory, "cdk.json")
    return app if os.path.isfile(app) and os.path.isdir(os.path.join(directory, "cdk.out")) else None


def _mentions_resources(path: str) -> bool:
    try:
        with open(path, "rb") as stream:
            return b"Resources" in stream.read()
    except OSError:
        return False


class Catalog:
    """The services of a run: each file is read once, each service opened once per set of options."""

    def __init__(self, environ: Mapping[str, str], cwd: str) -> None:
        """`environ` is what `${env:…}` sees; paths in messages are relative to `cwd`."""
        self._environ = environ
        self._cwd = cwd
        self._made: World | None = None
        self._files: dict[str, str] = {}  # the service file by the path that was asked for
        self._opened: dict[tuple[str, ServiceOptions], Service] = {}
        self._sources: dict[str, set[str]] = {}

    def secrets(self) -> frozenset[str]:
        """What AWS keeps as a secret among the values of the services."""
        return frozenset() if self._made is None else self._made.lookups.secrets()

    @property
    def _world(self) -> World:
        """Made for the first service: what look-ups in AWS import, suites without one needn't pay for."""
        if self._made is None:
            from lambda_scenarios.aws.lookups import Lookups

            # ${sls:instanceId} is a new number for each run, as in the Framework.
            instance_id = str(int(time.time() * 1000))
            self._made = World(self._environ, self._cwd, Documents(), instance_id, Lookups(self._environ), [])
        return self._made

    def open(self, path: str, options: ServiceOptions, asked_at: Origin | None = None) -> Service:
        """The service at `path`, an absolute file or directory.

        `asked_at` is the value that names it, for messages. What is opened may start a process, which `close`
        ends. Raises UsageError where there is none,
        where it can't be read, and for kinds of files that aren't supported yet.
        """
        file = self._files.get(path)
        if file is None:
            file = self._files[path] = self._file_of(os.path.realpath(path), path, asked_at)
        key = (file, options)
        if key not in self._opened:
            self._opened[key] = self._open(file, options, asked_at)
        return self._opened[key]

    def __enter__(self) -> Catalog:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends what was started to read services. Idempotent; they go on to work, at the price of a start."""
        for end in self._made.at_end if self._made is not None else ():
            end()

    def _file_of(self, path: str, asked: str, asked_at: Origin | None) -> str:
        shown = shown_path(asked, self._world.cwd)
        if os.path.isdir(path):
            found = _service_file_in(path)
            for name in _CDK_FILES:
                if found is None and os.path.isfile(os.path.join(path, name)):
                    found = os.path.join(path, name)
            if found is None:
                raise UsageError(
                    Diagnostic(
                        f"no service file in {shown}",
                        asked_at,
                        "there is no serverless.yml, template.yaml or cdk.json",
                    )
                )
            return found
        if not os.path.isfile(path):
            raise UsageError(Diagnostic(f"no such service: {shown}", asked_at, _near(path)))
        return path

    def _open(self, file: str, options: ServiceOptions, asked_at: Origin | None) -> Service:
        kind = self._kind(file)
        reader = _READERS.get(kind)
        if reader is None:
            shown = shown_path(file, self._world.cwd)
            raise UsageError(Diagnostic(f"{shown} is no service file", asked_at or Place(file, 1)))
        names = self._sources.setdefault(file, {file})
        documents = Documents(names, of=self._world.documents)
        return reader(file, options, self._world._replace(documents=documents))

    def sources(self, file: str) -> frozenset[str]:
        """The files (absolute) that the service at `file` was read from so far, itself included; those that
        were looked for and aren't there, too."""
        return frozenset(self._sources.get(file, {file}))

    def _kind(self, file: str) -> str:
        name = os.path.basename(file)
        suffix = os.path.splitext(name)[1]
        if name in _CDK_FILES or _is_synthesised(file):
            return "cdk"
        if name in _TEMPLATE_FILES:
            return "template"
        if suffix in PROGRAMS:
            return "serverless"
        if suffix not in _PARSED:
            return "unknown"
        try:
            document = self._world.documents.parsed(file)
        except FileNotFoundError:
            return "unknown"
        # A service file may have any name, as with the Framework's option --config.
        is_template = isinstance(document, dict) and "Resources" in document and "provider" not in document
        return "template" if is_template else "serverless"


def _is_synthesised(file: str) -> bool:
    """Whether this is a template that the CDK has written, with its manifest beside it."""
    manifest = os.path.join(os.path.dirname(file), "manifest.json")
    return file.endswith(".template.json") and os.path.isfile(manifest)


def _near(path: str) -> str:
    """A sibling that was perhaps meant."""
    try:
        names = os.listdir(os.path.dirname(path))
    except OSError:
        return ""
    close = did_you_mean(os.path.basename(path), names)
    return f"did you mean `{close}`?" if close else ""
