"""A project of functions that remember, for scenarios of several invocations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.program import running

CODE = """\
import os, time, uuid

calls = 0

def create(event, context):
    print("creating", event.get("what"))
    return {"id": "o-1", "what": event.get("what"), "secret": event.get("secret")}

def get(event, context):
    if event.get("id") != "o-1":
        raise KeyError(event.get("id"))
    return {"found": event["id"], "env": os.environ.get("OF_STEP"), "name": context.function_name}

def count(event, context):
    global calls
    calls += 1
    return {"calls": calls, "pid": os.getpid(), "id": str(uuid.uuid4())}

remembered = None

def remember(event, context):
    global remembered
    before = remembered
    if event.get("keep"):
        remembered = event["what"]
    return before

def clean(event, context):
    if isinstance(event, dict) and event.get("draw"):
        rows = os.urandom(1)[0]
        return {"rows": [str(uuid.uuid4()) for _ in range(rows)], "by_id": {str(uuid.uuid4()): rows}}
    return {"id": str(uuid.uuid4()), "echo": event}

def nth(event, context):
    path = os.path.join(os.environ["TRACES"], event["trace"])
    with open(path, "a") as file:
        file.write(f"{os.getpid()}\\n")
    with open(path) as file:
        pids = file.read().split()
    if event.get("exits") == len(pids):
        os._exit(3)
    return {"n": len(pids), "pids": len(set(pids))}

def wait(event, context):
    open(os.path.join(os.environ["TRACES"], event["trace"]), "w").close()
    time.sleep(60)
"""
HEAD = """\
functions:
  create: {handler: app.create, runtime: python3.11, code: .}
  get: {handler: app.get, runtime: python3.11, code: .}
  count: {handler: app.count, runtime: python3.11, code: .}
  remember: {handler: app.remember, runtime: python3.11, code: .}
  clean: {handler: app.clean, runtime: python3.11, code: .}
  nth: {handler: app.nth, runtime: python3.11, code: ., environment: {TRACES: "TRACES_FOLDER"}}
  wait: {handler: app.wait, runtime: python3.11, code: ., environment: {TRACES: "TRACES_FOLDER"}}
"""


class Ran(NamedTuple):
    done: running.Done
    report: dict[str, Any]

    def result(self, name: str) -> dict[str, Any]:
        found: dict[str, Any]
        (found,) = [one for one in self.report["results"] if one["name"] == name]
        return found

    @property
    def statuses(self) -> dict[str, str]:
        return {one["name"]: one["status"] for one in self.report["results"]}


def write(directory: Path, scenarios: str, name: str = "all.yml") -> None:
    """The project: `scenarios` is the list, indented as in a file."""
    (directory / "app.py").write_text(CODE)
    (directory / "traces").mkdir(exist_ok=True)
    head = HEAD.replace("TRACES_FOLDER", str(directory / "traces"))
    (directory / name).write_text(f"{head}scenarios:\n{scenarios}")


def run(directory: Path, scenarios: str, *options: str, env: Mapping[str, str] | None = None) -> Ran:
    """`run all.yml` with the options, and its report."""
    write(directory, scenarios)
    done = running.run(directory, "run", "all.yml", *options, env=env)
    return Ran(done, json.loads((directory / "reports" / "report.json").read_text()))
