"""A service to be invoked, and the program that does it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.program import running
from tests.program.running import VERSION

SERVICE = f"""\
service: shop
provider:
  name: aws
  runtime: python{VERSION}
  region: eu-west-1
  environment: {{STAGE: "${{sls:stage}}", LEVEL: provider}}
functions:
  echo: {{handler: src/app.echo}}
  look: {{handler: src/app.look, environment: {{LEVEL: function}}}}
  fail: {{handler: src/app.fail}}
  slow: {{handler: src/app.slow, timeout: 1}}
  odd: {{handler: src/app.odd}}
  leave: {{handler: src/app.leave}}
  chat: {{handler: src/app.chat}}
  broken: {{handler: src/app.echo, environment: {{NEEDS: "${{env:NOBODY_SETS_THIS}}"}}}}
"""
APP = """\
import logging, os, sys, time

def echo(event, context):
    return event

def look(event, context):
    names = event or sorted(os.environ)
    found = {name: os.environ.get(name) for name in names}
    return {"context": str(type(context).__name__), "environment": found,
            "name": getattr(context, "function_name", context), "more": getattr(context, "more", None)}

def fail(event, context):
    print("about to fail")
    raise LookupError("no such order")

def slow(event, context):
    print("begun", flush=True)
    time.sleep(60)

def odd(event, context):
    return {1, 2}

def leave(event, context):
    sys.exit(3)

def chat(event, context):
    print('{"looks": "like a result"}')
    print("to stderr", file=sys.stderr)
    logging.getLogger().warning("logged")
    sys.stdout.write("no end of line")
    return "the result"
"""


def service(directory: Path, text: str = SERVICE) -> Path:
    """The service of this module in `directory`, which becomes a project's root."""
    (directory / ".git").mkdir()
    (directory / "src").mkdir()
    (directory / "src" / "app.py").write_text(APP)
    (directory / "serverless.yml").write_text(text)
    return directory


def invoke(
    directory: Path, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
) -> running.Done:
    """`invoke` with these arguments and this standard input, to its end."""
    done = subprocess.run(
        [*running.PROGRAM, "invoke", *arguments],
        cwd=directory,
        env=running.environment(env),
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return running.Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def result(done: running.Done) -> Any:
    """The result of an invocation that must have succeeded."""
    assert done.status == 0, done
    assert done.stdout.count("\n") == 1
    return json.loads(done.stdout)
