"""What `--coverage` costs: `run` with and without it, wall and CPU time, for Python and Node.js.

    python benchmarks/run_coverage.py [--rounds N] [--json PATH]

Three suites: one scenario (what starting costs), 1,000 of a handler that does nothing (what an answer costs),
and 50 of one that computes in loops of its own (what a line costs), which is the worst case: what libraries
and the network do is no slower. Machines are noisy: rounds are interleaved, and medians are compared.
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

SERVICE = """\
service: bench
provider: {{name: aws, runtime: {runtime}, timeout: 60}}
functions:
  work: {{handler: app.handler}}
"""
CODE = {
    "app.py": """\
def handler(event, context):
    total = 0
    for n in range(event["rounds"]):
        if n % 3:
            total += n
        else:
            total -= 1
    return {"total": total}
""",
    "app.js": """\
exports.handler = async (event) => {
  let total = 0;
  for (let n = 0; n < event.rounds; n++) {
    if (n % 3) {
      total += n;
    } else {
      total -= 1;
    }
  }
  return { total };
};
""",
}
# Scenarios, and how often the loop is gone through: some 10 ms without coverage.
SUITES = {
    "one": (1, {"python": 0, "nodejs": 0}),
    "many": (1000, {"python": 0, "nodejs": 0}),
    "loops": (50, {"python": 200_000, "nodejs": 10_000_000}),
}


def project(directory: str, language: str, runtime: str, suite: str) -> None:
    count, rounds = SUITES[suite]
    os.makedirs(os.path.join(directory, "scenarios"))
    files = {"serverless.yml": SERVICE.format(runtime=runtime), **CODE}
    rows = [
        f"  - {{name: n{n}, function: work, event: {{rounds: {rounds[language]}}}, expect: {{}}}}"
        for n in range(count)
    ]
    files["scenarios/all.yml"] = "\n".join(["service: ..", "scenarios:", *rows, ""])
    for name, text in files.items():
        with open(os.path.join(directory, name), "w") as file:
            file.write(text)


def runtimes() -> dict[str, str]:
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    return {
        "python": f"python{sys.version_info[0]}.{sys.version_info[1]}",
        "nodejs": f"nodejs{node[1:].partition('.')[0]}.x",
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", metavar="PATH")
    options = parser.parse_args()
    environ = environment()
    found: dict[str, float] = {"rounds": options.rounds}
    with tempfile.TemporaryDirectory() as work:
        venv = installed(work, "coverage")
        program = os.path.join(venv, "bin", "lambda-scenarios")
        for language, runtime in runtimes().items():
            for suite, (count, _) in SUITES.items():
                directory = os.path.join(work, f"{language}-{suite}")
                project(directory, language, runtime, suite)
                os.symlink(venv, os.path.join(directory, ".venv"))
                commands = {
                    "without": [program, "run", "-q", "-j", "1"],
                    "with": [program, "run", "-q", "-j", "1", "--coverage"],
                }
                spent: dict[str, list[Spent]] = {name: [] for name in commands}
                for _ in range(options.rounds + 1):  # the first round compiles, and is not counted
                    for name, command in commands.items():
                        spent[name].append(measure(command, directory, environ))
                wall = {name: statistics.median(one.wall for one in runs[1:]) for name, runs in spent.items()}
                cpu = {name: statistics.median(one.cpu for one in runs[1:]) for name, runs in spent.items()}
                ratio, added = wall["with"] / wall["without"], wall["with"] - wall["without"]
                found[f"{language} {suite} wall"] = round(ratio, 3)
                found[f"{language} {suite} cpu"] = round(cpu["with"] / cpu["without"], 3)
                found[f"{language} {suite} added ms"] = round(added * 1000)
                print(
                    f"{language:7} {suite:6} {count:5} scenarios: {wall['without'] * 1000:7.0f} -> "
                    f"{wall['with'] * 1000:7.0f} ms wall ({ratio:.2f}), "
                    f"CPU {cpu['with'] / cpu['without']:.2f}"
                )
    if options.json:
        with open(options.json, "w") as file:
            json.dump(found, file, indent=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
