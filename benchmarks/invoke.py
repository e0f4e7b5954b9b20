"""`invoke` beside `serverless invoke local`, on one trivial Python function: wall and CPU time as ratios.

    python benchmarks/invoke.py [--rounds N] [--json PATH]

The peer is version 3 of the Serverless Framework, from npm. Machines are noisy: rounds are interleaved, and
medians are compared. The goal is a fifth of the peer's wall time.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

from measuring import Spent, environment, installed, measure

GOAL = 0.2

# The Framework names runtimes up to python3.9 only, and starts whatever `python3` is on PATH.
SERVICE = """\
service: bench
frameworkVersion: "3"
configValidationMode: "off"
provider: {{name: aws, runtime: python{version}}}
functions:
  greet: {{handler: greet.handler}}
"""
HANDLER = 'def handler(event, context):\n    return {"greeting": "Hello, " + event["name"]}\n'
EVENT = '{"name": "Maja"}'


def framework(directory: str) -> str:
    """The Framework's program, installed from npm."""
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", directory, "serverless@3"]
    subprocess.run(npm, check=True, stdout=subprocess.DEVNULL)
    return os.path.join(directory, "node_modules", ".bin", "serverless")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", metavar="PATH")
    options = parser.parse_args()
    environ = {
        **environment(),
        # Without these the Framework asks the network for news first, which would not be fair.
        "SLS_TELEMETRY_DISABLED": "1",
        "SLS_NOTIFICATIONS_MODE": "off",
        "SLS_TRACKING_DISABLED": "1",
        "AWS_ACCESS_KEY_ID": "made-up",
        "AWS_SECRET_ACCESS_KEY": "made-up",
    }
    with tempfile.TemporaryDirectory() as work:
        venv = installed(work)
        peer = framework(os.path.join(work, "npm"))
        service = os.path.join(work, "service")
        os.mkdir(service)
        with open(os.path.join(service, "serverless.yml"), "w") as file:
            file.write(SERVICE.format(version=f"{sys.version_info[0]}.{sys.version_info[1]}"))
        with open(os.path.join(service, "greet.py"), "w") as file:
            file.write(HANDLER)
        commands = {
            "serverless": [peer, "invoke", "local", "-f", "greet", "-d", EVENT],
            "lambda-scenarios": [
                os.path.join(venv, "bin", "lambda-scenarios"),
                *("invoke", "-f", "greet", "-d", EVENT),
            ],
        }
        spent: dict[str, list[Spent]] = {name: [] for name in commands}
        for _ in range(options.rounds + 1):  # the first round compiles, and is not counted
            for name, command in commands.items():
                spent[name].append(measure(command, service, environ))
    found: dict[str, float] = {"rounds": options.rounds}
    for name, values in spent.items():
        found[f"{name} wall ms"] = round(statistics.median(s.wall for s in values[1:]) * 1000, 1)
        found[f"{name} cpu ms"] = round(statistics.median(s.cpu for s in values[1:]) * 1000, 1)
    found["wall ratio"] = round(found["lambda-scenarios wall ms"] / found["serverless wall ms"], 3)
    found["cpu ratio"] = round(found["lambda-scenarios cpu ms"] / found["serverless cpu ms"], 3)
    for key, value in found.items():
        print(f"{key:>28}  {value:g}")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(found, file, indent=2)
    return 0 if found["wall ratio"] <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
