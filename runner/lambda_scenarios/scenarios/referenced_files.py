"""The files that scenarios name: events, contexts, rows of cases, expected results, schemas."""

from __future__ import annotations

import json
import os
import re

from lambda_scenarios.errors import Diagnostic, UsageError, did_you_mean
from lambda_scenarios.model.expectation import Loaded
from lambda_scenarios.model.values import Json, Origin, Place

_YAML = (".yml", ".yaml")


class ReferencedFiles:
    """Reads each file once. Errors are Diagnostics at the place in that file, or at what names it.

    `root` is the project's: paths in messages are shown from there where they lie inside it.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self.asked: dict[str, None] = {}  # every path that was looked for, in order
        self._texts: dict[str, str] = {}
        self._values: dict[str, Json] = {}

    def shown(self, path: str) -> str:
        """A path as messages name it: from the project's root, with slashes, where it lies inside."""
        relative = os.path.relpath(path, self.root)
        return path if relative.startswith("..") else relative.replace(os.sep, "/")

    def named_by(self, reference: Origin) -> str:
        """The note of a diagnostic inside a file: which line of which scenario file names it."""
        from lambda_scenarios.scenarios.yaml_source import locate

        place = locate(reference)
        return f"named by {self.shown(place.file)}:{place.line}:{place.column}"

    def missing(self, path: str, written: str) -> tuple[str, str] | None:
        """Problem and label where `path` can't be read as a file; None where it can."""
        self.asked[path] = None
        if path in self._texts or path in self._values or (os.path.isfile(path) and os.access(path, os.R_OK)):
            return None
        if "\0" in path:
            return "a path has a NUL character", ""
        if os.path.isdir(path):
            return f"`{written}` is a directory", "a file is needed here"
        if os.path.exists(path):
            return f"`{written}` can't be read", "the permission is missing, or it is no ordinary file"
        if os.path.islink(path):
            return f"`{written}` is a link that leads nowhere", f"to {os.readlink(path)}"
        return f"no file `{written}`", self._nearest(path, written)

    def _nearest(self, path: str, written: str) -> str:
        directory, name = os.path.split(path)
        try:
            siblings = sorted(os.listdir(directory))
        except OSError:
            return f"there is no directory {self.shown(directory)}"
        near = did_you_mean(name, siblings)
        if near is None:
            return f"looked in {self.shown(directory)}"
        return f"did you mean `{written[: len(written) - len(name)]}{near}`?"

    def text(self, path: str) -> str:
        """The UTF-8 text of a file, without a byte order mark. Raises UsageError."""
        self.asked[path] = None
        text = self._texts.get(path)
        if text is None:
            try:
                with open(path, "rb") as file:
                    data = file.read()
                text = data.decode("utf-8-sig")
            except UnicodeDecodeError as error:
                line = data.count(b"\n", 0, error.start) + 1
                raise UsageError(
                    Diagnostic(f"{self.shown(path)} is no UTF-8 text", Place(path, line), "this line isn't")
                ) from None
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                raise UsageError(
                    Diagnostic(f"can't read {self.shown(path)}: {reason}", Place(path, 1))
                ) from None
            self._texts[path] = text
        return text

    def json(self, path: str) -> Json:
        """The value of a JSON file (with comments where its name ends in `.jsonc`). Raises UsageError."""
        self.asked[path] = None
        if path not in self._values:
            self._values[path] = parse_json(self.text(path), path, comments=path.endswith(".jsonc"))
            del self._texts[path]
        return self._values[path]

    def parsed(self, path: str, raw: bool = False) -> Loaded:
        """What a file holds, by its name: JSON, YAML, or text. Raises UsageError."""
        self.asked[path] = None
        suffix = os.path.splitext(path)[1].lower()
        if raw or suffix not in (".json", ".jsonc", *_YAML):
            return Loaded(self.text(path), True)
        if suffix not in _YAML:
            return Loaded(self.json(path), False)
        if path not in self._values:
            self._values[path] = parse_text(self.text(path), path).value
            del self._texts[path]
        return Loaded(self._values[path], False)


def parse_text(text: str, path: str) -> Loaded:
    """What `text`, which stands for the content of `path`, holds: by the suffix of the path."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix in _YAML:
        from lambda_scenarios.scenarios.yaml_source import parse

        return Loaded(parse(text.encode("utf-8", "surrogatepass"), path), False)
    if suffix in (".json", ".jsonc"):
        return Loaded(parse_json(text, path, comments=suffix == ".jsonc"), False)
    return Loaded(text, True)


def parse_json(text: str, path: str, comments: bool = False) -> Json:
    """A JSON text. Raises UsageError with the line and column in `path`."""
    try:
        value: Json = json.loads(without_comments(text) if comments else text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise UsageError(_json_diagnostic(error, text, path, comments)) from None
    except _NoValueOfJson as error:
        place = _place_of(str(error), without_comments(text) if comments else text, path)
        problem = f"{os.path.basename(path)} can't be used: {error} is not JSON"
        raise UsageError(Diagnostic(problem, place)) from None
    except (ValueError, RecursionError) as error:
        problem = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UsageError(
            Diagnostic(f"{os.path.basename(path)} can't be used: {problem}", Place(path, 1))
        ) from None
    return value


class _NoValueOfJson(ValueError):
    """`NaN`, `Infinity`, `-Infinity`, which Python reads, and JSON doesn't have."""


def _no_constant(name: str) -> Json:
    raise _NoValueOfJson(name)


def _place_of(word: str, text: str, path: str) -> Place:
    """Where a word stands outside of strings, for the first time."""
    tokens = re.finditer(rf'"(?:[^"\\]|\\.)*"|{re.escape(word)}', text, re.DOTALL)
    start = next((token.start() for token in tokens if token.group() == word), 0)
    line = text.count("\n", 0, start) + 1
    return Place(path, line, start - text.rfind("\n", 0, start), len(word))


def _json_diagnostic(error: json.JSONDecodeError, text: str, path: str, comments: bool) -> Diagnostic:
    place = Place(path, error.lineno, error.colno)
    name = os.path.basename(path)
    if not text.strip():
        return Diagnostic(f"{name} is empty", place, "JSON needs a value: `{}`, `null`")
    if not comments and text[error.pos : error.pos + 2] in ("//", "/*"):
        stem = name[: -len(".json")] if name.endswith(".json") else name
        return Diagnostic(f"{name} has comments, which JSON doesn't know", place, f"name it `{stem}.jsonc`")
    message = error.msg[:1].lower() + error.msg[1:]
    return Diagnostic(f"{name} is no JSON: {message}", place)


# A string, a comment, or a comma with nothing but blanks and comments before the bracket that closes.
# Each alternative can match in one way only, or a line of slashes would take exponential time.
_BLOCK_COMMENT = r"/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)"
_JSONC_TOKEN = re.compile(
    rf'"(?:[^"\\\n]|\\.)*"|//[^\n]*|{_BLOCK_COMMENT}|,(?=(?:\s|//[^\n]*\n|{_BLOCK_COMMENT})*[\]}}])',
    re.DOTALL,
)


def without_comments(text: str) -> str:
    """JSON with comments and trailing commas as plain JSON of the same lines and columns."""

    def blank(match: re.Match[str]) -> str:
        token = match.group()
        return token if token.startswith('"') else re.sub(r"[^\n]", " ", token)

    return _JSONC_TOKEN.sub(blank, text)
