"""Which files a service file includes, by what is written in it.

Reading a service asks only for those that the functions in question need, and so says nothing of the others;
here all of them count, the same whoever asks.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterator

from lambda_scenarios.model.values import PROGRAMS

# What is no path: an address, or what a resource has under this name.
_LOCATION = re.compile(r"""["']?\b(?:Location|TemplateURL)["']?\s*:\s*["']?((?:file://)?[\w./-]+)""")
_INCLUDING = (".yml", ".yaml", ".json", ".template", *PROGRAMS)
_FILE = "${file("
_VARIABLE = re.compile(r"\$\{[^{}]*\}")
_ANYTHING = "\0"  # in the place of a variable
_MOST = 1_000  # files that are read


class Includes:
    """What the service file `file` (absolute) includes at a stage, in a region.

    That is `${file(…)}` of the Serverless Framework, and what templates name by `Location` or `TemplateURL`;
    what these include, too.
    """

    def __init__(self, file: str, stage: str, region: str) -> None:
        self._root = os.path.dirname(file)
        self._stage, self._region = stage, region
        patterns: set[str] = set()
        waiting = [file]
        seen: set[str] = set()
        while waiting and len(seen) < _MOST:
            path = waiting.pop()
            if path in seen:
                continue
            seen.add(path)
            found = set(self._named_in(_text(path), os.path.dirname(path)))
            found = {one for one in found if re.search(r"\w", os.path.basename(one))}  # else it could be any
            waiting += (
                one for pattern in found - patterns for one in glob.iglob(_joined(pattern, glob.escape, "*"))
            )
            patterns |= found
        expression = "|".join(_joined(pattern, re.escape, "[^/]*") for pattern in patterns)
        self._compiled = re.compile(expression or "(?!)", re.DOTALL)
        self.has_programs = any(path.endswith(PROGRAMS) for path in (*seen, *patterns))

    def has(self, path: str) -> bool:
        """Whether it is a file (absolute) that is included, or may be: names can depend on variables."""
        return self._compiled.fullmatch(path) is not None

    def _named_in(self, text: str, directory: str) -> Iterator[str]:
        start = text.find(_FILE)
        while start >= 0:
            begin = start + len(_FILE)
            yield _path(self._settled(_argument(text, begin)), self._root)
            start = text.find(_FILE, begin)
        for found in _LOCATION.finditer(text):
            yield _path(found[1].removeprefix("file://"), directory)
        if "useDotenv" in text:
            for name in (".env", f".env.{self._stage}"):
                yield _path(name, self._root)

    def _settled(self, written: str) -> str:
        """The path with its variables replaced, as far as their names say what they are."""

        def value(variable: re.Match[str]) -> str:
            if "stage" in variable[0].lower():
                return self._stage
            return self._region if "region" in variable[0].lower() else _ANYTHING

        earlier = None
        while earlier != written:
            earlier, written = written, _VARIABLE.sub(value, written)
        return written.strip().strip("\"'")


def _text(path: str) -> str:
    """What is written in a file, where that may include others."""
    if not path.endswith(_INCLUDING):
        return ""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _argument(text: str, begin: int) -> str:
    """What stands from there to the bracket that closes, or to the comma."""
    end, depth = begin, 0
    while end < len(text) and text[end] != "\n" and (depth or text[end] not in "),"):
        depth += (text[end] == "{") - (text[end] == "}")
        end += 1
    return text[begin:end]


def _path(written: str, directory: str) -> str:
    return os.path.normpath(os.path.join(directory, written))


def _joined(pattern: str, literal: Callable[[str], str], anything: str) -> str:
    return anything.join(map(literal, pattern.split(_ANYTHING)))
