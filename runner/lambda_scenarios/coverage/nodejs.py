"""Coverage of Node.js: what V8 counted in the workers, by this program's own conversion."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from lambda_scenarios.coverage import v8
from lambda_scenarios.coverage.lcov import FileCoverage, merge
from lambda_scenarios.coverage.paths import Sources, linked
from lambda_scenarios.coverage.source_maps import SourceMap, decode
from lambda_scenarios.model.function import Function
from lambda_scenarios.runtimes.nodejs import CLIENT
from lambda_scenarios.runtimes.runtime import Launch

_MEASURED = os.path.join(os.path.dirname(CLIENT), "nodejs_coverage.cjs")
_MAPPING_URL = "sourceMappingURL="


class Nodejs:
    """The workers of Node.js in one run. `directory` is where they write what V8 counted."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._groups: dict[
            str, tuple[str, str]
        ] = {}  # code directory -> (beginning of the files' names, service)

    def measured(self, launch: Launch, function: Function) -> Launch:
        """The launch of a worker that measures."""
        code = os.path.realpath(function.code)
        file, _ = self._groups.setdefault(
            code, (os.path.join(self._directory, f"node-{len(self._groups)}"), function.service.root)
        )
        at = launch.command.index(CLIENT)
        layers = [os.path.realpath(layer) for layer in function.layers]
        settings = json.dumps({"file": file, "roots": [code, *linked(code)], "layers": layers})
        return launch._replace(command=(*launch.command[:at], _MEASURED, settings, *launch.command[at + 1 :]))

    def covered(self, sources: Sources) -> list[FileCoverage]:
        """What ran, by absolute paths of sources."""
        found: list[FileCoverage] = []
        for code, (prefix, service) in self._groups.items():
            folder, name = os.path.split(prefix)
            takings: dict[str, tuple[list[v8.Functions], list[int]]] = {}
            for file in sorted(os.listdir(folder)):
                if file.startswith(f"{name}-"):
                    _read(os.path.join(folder, file), takings)
            for url, (functions, times) in takings.items():
                found += _file(_path(url), functions, times, code, service, sources)
        return list(merge([found]))


def _read(path: str, takings: dict[str, tuple[list[v8.Functions], list[int]]]) -> None:
    """Adds what a worker wrote, up to a line that was torn when it was ended."""
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = file.read().split("\n")
    times: dict[int, int] = {}
    for number, line in enumerate(lines[:-1]):
        same = int(line[1:]) if line.startswith("=") else number
        times[same] = times.get(same, 0) + 1
    for number, repeated in times.items():
        try:
            scripts: list[dict[str, Any]] = json.loads(lines[number])
        except ValueError:
            continue
        for script in scripts:
            functions, counts = takings.setdefault(script["url"].partition("?")[0], ([], []))
            functions.append(script["functions"])
            counts.append(repeated)


def _path(url: str) -> str:
    return os.fsdecode(unquote_to_bytes(urlsplit(url).path))


def _file(
    path: str,
    functions: list[v8.Functions],
    times: list[int],
    code: str,
    service: str,
    sources: Sources,
) -> tuple[FileCoverage, ...]:
    text = _text(path)
    if text is None:
        return ()
    found = _source_map(path, text)
    if found is None:
        source = sources.of(path, code, service)
        return () if source is None else (v8.of_script(source, text, functions, times),)
    mapping, beside = found
    made: list[FileCoverage] = []
    for one in v8.of_bundle(text, mapping, functions, times):
        source = sources.named(one.path, beside, code, service)
        original = None if source is None else _text(source)
        if source is not None and original is not None:
            made.append(v8.without_ignored(one._replace(path=source), original))
    return tuple(made)


def _text(path: str) -> str | None:
    """As Node.js reads it; None where it is gone."""
    try:
        with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
            return file.read()
    except OSError:
        return None


def _source_map(path: str, text: str) -> tuple[SourceMap, str] | None:
    """The source map that a file names in its last comment of that kind, and the file it stands in."""
    at = text.rfind(_MAPPING_URL)
    if at < 2 or text[at - 4 : at - 2] not in ("//", "/*"):
        return None
    url = text[at + len(_MAPPING_URL) :].split(maxsplit=1)[0].removesuffix("*/")
    try:
        if url.startswith("data:"):
            head, _, data = url.partition(",")
            raw = unquote_to_bytes(data)
            if head.endswith(";base64"):
                import base64

                raw = base64.b64decode(raw)
            return decode(json.loads(raw)), path
        beside = os.path.normpath(os.path.join(os.path.dirname(path), _path(url)))
        with open(beside, encoding="utf-8") as file:
            return decode(json.load(file)), beside
    except (OSError, ValueError, IndexError):
        return None  # the file counts as it is
