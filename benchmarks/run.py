"""This program beside pytest, on the same scenario files: wall and CPU time as ratios of one session.

    python benchmarks/run.py [--rounds N] [--json PATH]

The peer is pytest with a collector of its own (`peer/conftest.py`) that reads the same YAML files with
libyaml and calls the handler in its own process: no protocol, no isolation, no timeouts. Machines are
noisy: rounds are interleaved, and medians are compared. CPU time includes workers.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile

from measuring import HERE, Spent, environment, installed, measure

SERVICE = """\
service: bench
provider: {{name: aws, runtime: python{version}}}
functions:
  greet: {{handler: src/greet.handler, timeout: 3}}
"""

SCENARIO = """\
scenarios:
  - name: greets customer {number}
    function: greet
    event:
      customer: c-{number}
      items: [{{sku: a-{number}, quantity: 2, price: 3}}, {{sku: b, quantity: 1, price: 4}}]
    expect:
      output: {{customer: c-{number}, total: 10, lines: [a-{number}, b], currency: EUR}}
"""

HANDLER = """\
def handler(event, context):
    items = event["items"]
    return {
        "customer": event["customer"],
        "total": sum(item["quantity"] * item["price"] for item in items),
        "lines": [item["sku"] for item in items],
        "currency": "EUR",
    }
"""


def suite(directory: str, count: int) -> None:
    """`count` scenario files, one scenario each, their handler, and pytest's collector."""
    os.makedirs(os.path.join(directory, "src"))
    os.makedirs(os.path.join(directory, "scenarios"))
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    with open(os.path.join(directory, "src", "greet.py"), "w") as file:
        file.write(HANDLER)
    shutil.copy(os.path.join(HERE, "peer", "conftest.py"), directory)
    with open(os.path.join(directory, "serverless.yml"), "w") as file:
        file.write(SERVICE.format(version=version))
    for number in range(count):
        with open(os.path.join(directory, "scenarios", f"case-{number:05d}.yml"), "w") as file:
            file.write(SCENARIO.format(number=number))


def compare(venv: str, work: str, count: int, rounds: int, environ: dict[str, str]) -> dict[str, float]:
    """Medians over interleaved rounds: pytest, and this program."""
    directory = os.path.join(work, f"suite-{count}")
    suite(directory, count)
    scripts = os.path.join(venv, "bin")
    # Without this program's own plugin, which would collect the same files once more.
    peer = [os.path.join(scripts, "pytest"), "-q", "-p", "no:lambda-scenarios", "scenarios"]
    ours = [os.path.join(scripts, "lambda-scenarios"), "run", "scenarios", "-q"]
    spent: dict[str, list[Spent]] = {"pytest": [], "lambda-scenarios": []}
    for _ in range(rounds + 1):  # the first round compiles and fills the page cache, and is not counted
        spent["pytest"].append(measure(peer, directory, environ))
        spent["lambda-scenarios"].append(measure(ours, directory, environ))
    found: dict[str, float] = {"scenarios": count, "rounds": rounds}
    for name, values in spent.items():
        found[f"{name} wall ms"] = round(statistics.median(s.wall for s in values[1:]) * 1000, 1)
        found[f"{name} cpu ms"] = round(statistics.median(s.cpu for s in values[1:]) * 1000, 1)
        found[f"{name} rss MiB"] = round(max(s.rss for s in values[1:]) / 1024, 1)
    found["wall ratio"] = round(found["lambda-scenarios wall ms"] / found["pytest wall ms"], 3)
    found["cpu ratio"] = round(found["lambda-scenarios cpu ms"] / found["pytest cpu ms"], 3)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", metavar="PATH")
    options = parser.parse_args()
    environ = environment()
    results = []
    with tempfile.TemporaryDirectory() as work:
        venv = installed(work, "pytest")
        for count in (1, 1000):
            found = compare(venv, work, count, options.rounds, environ)
            results.append(found)
            for key, value in found.items():
                print(f"{key:>28}  {value:g}")
            print()
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file, indent=2)


if __name__ == "__main__":
    main()
