"""Each runtime on this machine: what a warm invocation costs beyond the function, and what a start costs.

    python benchmarks/runtimes.py [--rounds N] [--calls N] [--json PATH]

The functions give back their event. Warm: the difference in wall time between a run of many scenarios and a
run of few, on one worker, for each scenario more; reading, judging and reporting are in it. Start: the init
duration of cold scenarios beside the same program started to do nothing. Machines are noisy: medians of
interleaved rounds are shown.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

from measuring import environment, installed, measure

FEW, COLD = 50, 5


class Subject(NamedTuple):
    """`build` makes `handler` out of `files`, `bare` starts the same program to do nothing."""

    runtime: str
    handler: str
    files: dict[str, str]
    build: tuple[str, ...]
    bare: tuple[str, ...]


GO = """\
package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
)

func main() {
	api := os.Getenv("AWS_LAMBDA_RUNTIME_API")
	if api == "" {
		return
	}
	for {
		next, err := http.Get("http://" + api + "/2018-06-01/runtime/invocation/next")
		if err != nil {
			return
		}
		event, _ := io.ReadAll(next.Body)
		id := next.Header.Get("Lambda-Runtime-Aws-Request-Id")
		url := "http://" + api + "/2018-06-01/runtime/invocation/" + id + "/response"
		answer, err := http.Post(url, "application/json", bytes.NewReader(event))
		if err != nil {
			return
		}
		io.Copy(io.Discard, answer.Body)
	}
}
"""
JAVA = """\
public class H {
    public Object same(Object event) { return event; }
    public static void main(String[] arguments) {}
}
"""
SUBJECTS = {
    "python": Subject(
        "python3.12",
        "h.same",
        {"h.py": "def same(event, context): return event\n"},
        (),
        (sys.executable, "-c", ""),
    ),
    "node": Subject(
        "nodejs20.x", "h.same", {"h.js": "exports.same = async (event) => event\n"}, (), ("node", "-e", "0")
    ),
    "ruby": Subject(
        "ruby3.3", "h.same", {"h.rb": "def same(event:, context:) = event\n"}, (), ("ruby", "-e", "0")
    ),
    "java": Subject("java17", "H::same", {"H.java": JAVA}, ("javac", "H.java"), ("java", "-cp", ".", "H")),
    "go": Subject(
        "provided.al2023",
        "bootstrap",
        {"main.go": GO, "go.mod": "module bench\n\ngo 1.20\n"},
        ("go", "build", "-o", "bootstrap", "."),
        ("./bootstrap",),
    ),
}


def made(name: str, subject: Subject, work: str) -> str:
    """A project with the suites of one runtime."""
    directory = os.path.join(work, name)
    os.makedirs(directory)
    for file, text in subject.files.items():
        with open(os.path.join(directory, file), "w") as stream:
            stream.write(text)
    if subject.build:
        subprocess.run(subject.build, cwd=directory, check=True)
    return directory


def suite(directory: str, subject: Subject, name: str, count: int) -> str:
    function = {"runtime": subject.runtime, "handler": subject.handler, "code": ".", "timeout": 30}
    scenarios = [
        {"name": f"{number}", "function": "f", "event": {"n": number}, "expect": {"output": {"n": number}}}
        for number in range(count)
    ]
    with open(os.path.join(directory, name), "w") as stream:
        json.dump({"service": None, "functions": {"f": function}, "scenarios": scenarios}, stream)
    return name


def compare(program: str, directory: str, subject: Subject, rounds: int, calls: int) -> dict[str, float]:
    environ = environment()
    run = [program, "run", "-q", "-j", "1"]
    few = suite(directory, subject, "few.yml", FEW)
    many = suite(directory, subject, "many.yml", FEW + calls)
    cold = suite(directory, subject, "cold.yml", COLD)
    warm, starts, bare = [], [], []
    for number in range(rounds + 1):  # the first round fills caches, and is not counted
        short = measure([*run, few], directory, environ).wall
        long = measure([*run, many], directory, environ).wall
        measure([*run, "--isolation", "cold", cold], directory, environ)
        with open(os.path.join(directory, "reports", "report.json")) as stream:
            results = json.load(stream)["results"]
        if number:
            warm.append((long - short) * 1000 / calls)
            starts += [result["attempts"][0]["invocations"][0]["init_ms"] for result in results]
            for _ in range(COLD):
                begin = time.perf_counter()
                subprocess.run(subject.bare, cwd=directory, env=environ, check=True)
                bare.append((time.perf_counter() - begin) * 1000)
    start, nothing = statistics.median(starts), statistics.median(bare)
    return {
        "warm ms": round(statistics.median(warm), 3),
        "start ms": round(start, 1),
        "bare ms": round(nothing, 1),
        "start ratio": round(start / nothing, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--json", metavar="PATH")
    options = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as work:
        program = os.path.join(installed(work), "bin", "lambda-scenarios")
        for name, subject in SUBJECTS.items():
            needed = (subject.build or subject.bare)[0]
            if shutil.which(needed) is None:
                print(f"{name:>8}  left out: there is no {needed}")
                continue
            directory = made(name, subject, work)
            results[name] = compare(program, directory, subject, options.rounds, options.calls)
            print(f"{name:>8}  " + "  ".join(f"{key} {value:g}" for key, value in results[name].items()))
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file, indent=2)


if __name__ == "__main__":
    main()
