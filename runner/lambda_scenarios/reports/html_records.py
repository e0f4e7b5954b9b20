"""What the HTML report takes from the JSON of records, most of it found without parsing."""

from __future__ import annotations

import json
import re
from typing import Any

_SEARCHED_CHARACTERS = 4_000

# What Lambda puts before the message of a timeout or an exit.
_REQUEST = r"RequestId: [0-9a-f-]{36} Error: "

# Keys of an encoded record, `attempts` being the last one. They can't stand inside of a JSON string,
# where a quote is escaped, and no field before the last holds an object. What passed (nearly all) is
# read by these alone: parsing would take longer than all the rest.
_LAST_FIELD = '"attempts":'
FATE = re.compile(r'"snapshot":\s*"(written|updated)"')
PASSED = '"status":"passed"'
_FILE = re.compile(r'"file":\s*("[^"\\]*(?:\\.[^"\\]*)*")')


def one_line(text: str) -> str:
    """A JSON text on one line."""
    # In valid JSON a raw newline can only stand between tokens.
    return text.strip().replace("\r", " ").replace("\n", " ")


def head_of(line: str) -> str:
    """A record without its attempts, as JSON text: what the list needs, found without parsing."""
    end = line.find(_LAST_FIELD)
    head = line[:end].rstrip(" \t,") + "}"
    if end > 0 and '"status":' in head and '"duration_ms":' in head:
        return head
    fields = json.loads(line)  # written by someone else, in another order
    fields.pop("attempts", None)
    return json.dumps(fields)


def index_entry(line: str) -> str:
    """What the list shows of a record, and what the search reads, as JSON text."""
    head = head_of(line)
    passed = PASSED in head
    if passed and '"error":{' not in line:
        return head
    said = said_of(json.loads(line))
    searched = "\n".join(said)[:_SEARCHED_CHARACTERS]
    problem = said[0][:_SEARCHED_CHARACTERS] if said and not passed else ""
    more = {"problem": problem, "searched": searched}
    return head[:-1] + "," + json.dumps(more, ensure_ascii=False)[1:]


def said_of(record: dict[str, Any]) -> list[str]:
    """What the record says is wrong: the most telling first."""
    reasons, errors, mismatches, values = [], [], [], []
    if record["reason"]:
        reasons.append(record["reason"])
    for attempt in record["attempts"]:
        for invocation in attempt["invocations"]:
            error = invocation["error"]
            if error is not None:
                errors.append(f"{error['type']}: {re.sub(_REQUEST, '', error['message'])}")
            for mismatch in invocation["mismatches"]:
                mismatches.append(f"{mismatch['location'] or mismatch['expectation']}: {mismatch['message']}")
                values.append(f"{mismatch['expectation']} {mismatch['expected']} {mismatch['found']}"[:600])
    return reasons + errors + mismatches + values


def head_fields(text: str) -> dict[str, Any]:
    """The fields of a record, its attempts excepted."""
    fields: dict[str, Any] = json.loads(head_of(one_line(text)))
    return fields


def file_of(head: str) -> str:
    """The name of the record's file, as JSON text."""
    found = _FILE.search(head)
    return found[1] if found else '""'
