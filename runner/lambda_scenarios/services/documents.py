"""The files of a service, read and parsed once for all that need them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lambda_scenarios.errors import Diagnostic, UsageError
from lambda_scenarios.model.values import Json, Place

if TYPE_CHECKING:
    from lambda_scenarios.scenarios.yaml_source import Version


class Documents:
    """Parsed files by path. What it returns is shared: it must not be changed."""

    def __init__(self, names: set[str] | None = None, of: Documents | None = None) -> None:
        """`names` takes the paths that are asked for; what is known already is shared with `of`."""
        self._names = set() if names is None else names
        self._parsed: dict[str, Json] = {} if of is None else of._parsed
        self._templates: dict[str, Json] = {} if of is None else of._templates
        self._texts: dict[str, str] = {} if of is None else of._texts

    def note(self, file: str) -> None:
        """A file is needed that something else reads."""
        self._names.add(file)

    def parsed(self, file: str) -> Json:
        """The value of a YAML or JSON file (`file` is absolute).

        Raises FileNotFoundError where there is none, UsageError where it can't be read or parsed.
        """
        self._names.add(file)
        if file not in self._parsed:
            data = _bytes(file)
            self._parsed[file] = (
                _json(data, file) if file.endswith((".json", ".tfstate")) else _yaml(data, file)
            )
        return self._parsed[file]

    def template(self, file: str) -> Json:
        """The same of a template of CloudFormation, whose YAML is that of version 1.1: `yes` is true."""
        if file.endswith(".json"):
            return self.parsed(file)
        self._names.add(file)
        if file not in self._templates:
            self._templates[file] = _yaml(_bytes(file), file, "1.1")
        return self._templates[file]

    def text(self, file: str) -> str:
        """The text of a file. Raises FileNotFoundError, or UsageError where it can't be read."""
        self._names.add(file)
        if file not in self._texts:
            self._texts[file] = _bytes(file).decode("utf-8", "replace")
        return self._texts[file]


def _bytes(file: str) -> bytes:
    try:
        with open(file, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(
            Diagnostic(f"can't read {os.path.basename(file)}: {reason}", Place(file, 1))
        ) from None


def _yaml(data: bytes, file: str, version: Version = "1.2") -> Json:
    from lambda_scenarios.scenarios.yaml_source import parse  # it brings PyYAML along

    return parse(data, file, "cloudformation", version)


def _json(data: bytes, file: str) -> Json:
    import json

    def refuse(constant: str) -> Json:
        raise UsageError(Diagnostic(f"{constant} is not JSON", Place(file, 1)))

    try:
        value: Json = json.loads(data.decode("utf-8-sig"), parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise UsageError(
            Diagnostic("this is not JSON", Place(file, error.lineno, error.colno), label=error.msg.lower())
        ) from None
    except UnicodeDecodeError as error:
        raise UsageError(
            Diagnostic("this file is not UTF-8", Place(file, data[: error.start].count(b"\n") + 1))
        ) from None
    except (RecursionError, ValueError) as error:  # nested too deep, or an integer of thousands of digits
        problem = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise UsageError(Diagnostic(f"this JSON can't be read: {problem}", Place(file, 1))) from None
    return value
