"""Whether a YAML file under a directory is a scenario file, or was meant to be one.

Most files are decided by a search in their bytes; the rest by the events of their top level.
"""

from __future__ import annotations

import re
from typing import Any

from lambda_scenarios.scenarios.near_misses import is_near_miss

# The ordinary form: `scenarios:` at the beginning of a line, and a list below.
_ORDINARY = re.compile(
    rb"^scenarios[ \t]*:[ \t]*(?:#[^\r\n]*)?(?:\r?\n[ \t]*(?:#[^\r\n]*)?)*\r?\n[ \t]*-[ \t\r\n]", re.M
)
# A key at the beginning of a line that could be `scenarios`, a misspelling of it, or `expect`.
_CANDIDATE = re.compile(rb"""^[ \t]*(?:\?[ \t]+)?["']?([^\s"':{}\[\]#]{6,12})["']?[ \t]*(?::|$)""", re.M)
# A document whose top level is (or may be) written in braces, or announced by something unusual.
_UNUSUAL = re.compile(rb"(?:\A|\n)(?:---[ \t]*)?[ \t]*[{?!&%*\"']|\A(?:\xff\xfe|\xfe\xff|\0)")


def is_scenario_file(path: str) -> bool:
    """Whether the file is one to read: a scenario file, or one that went wrong.

    False for foreign YAML, broken or not. True for files that can't be read: passed over, they would
    make a green run of what never ran.
    """
    try:
        with open(path, "rb", buffering=0) as stream:
            return is_scenario_text(stream.read())
    except OSError:
        return True


def is_scenario_text(data: bytes) -> bool:
    """The same for a file's content."""
    if _ORDINARY.search(data):
        return True
    candidates = any(
        _is_candidate(found[1].decode("utf-8", "replace")) for found in _CANDIDATE.finditer(data)
    )
    if not candidates and not (_UNUSUAL.search(data) and _mentions(data)):
        return False
    return _has_candidate_key(data)


def _is_candidate(key: str) -> bool:
    return key in {"scenarios", "expect"} or is_near_miss(key)


def _mentions(data: bytes) -> bool:
    """Whether anything like one of the keys occurs at all; a cheap guard for files in braces."""
    return data[:2] in (b"\xff\xfe", b"\xfe\xff") or any(
        _is_candidate(word[0].decode("ascii")) for word in re.finditer(rb"[A-Za-z_-]{6,12}", data)
    )


def _has_candidate_key(data: bytes) -> bool:
    """Whether the top-level mapping of the first document has such a key, as far as it can be read.

    Where the text breaks off, a candidate at the beginning of a later line counts as well.
    """
    from yaml import events
    from yaml.error import YAMLError

    from lambda_scenarios.scenarios.yaml_events import open_parser, prepare

    level = 0
    is_key = True
    try:
        source, _ = prepare(data)
        get_event = open_parser(source).get_event
        while True:
            event: Any = get_event()
            if isinstance(event, (events.StreamEndEvent, events.DocumentEndEvent)):
                return False
            if isinstance(event, events.CollectionEndEvent):
                level -= 1
            elif isinstance(event, events.NodeEvent):
                if level == 0 and not isinstance(event, events.MappingStartEvent):
                    return False
                if level == 1:
                    if is_key and isinstance(event, events.ScalarEvent) and _is_candidate(event.value):
                        return True
                    is_key = not is_key
                if isinstance(event, events.CollectionStartEvent):
                    level += 1
    except (YAMLError, UnicodeDecodeError):
        return any(
            _is_candidate(found[1].decode("utf-8", "replace")) and found[0][:1] not in (b" ", b"\t")
            for found in _CANDIDATE.finditer(data)
        )
