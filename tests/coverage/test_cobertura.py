"""The XML is valid, and says what coverage.py's own says."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree  # type: ignore[import-untyped]  # it ships no types

from lambda_scenarios.coverage import cobertura
from lambda_scenarios.coverage.lcov import FileCoverage, parse
from tests.coverage.test_lcov import REPORTS

RATES = "line-rate CDATA #REQUIRED branch-rate CDATA #REQUIRED complexity CDATA #REQUIRED"
# The document type of Cobertura's version 4, in words of our own.
DTD = f"""
<!ELEMENT coverage (sources?, packages)>
<!ATTLIST coverage lines-covered CDATA #REQUIRED lines-valid CDATA #REQUIRED branches-covered CDATA #REQUIRED
  branches-valid CDATA #REQUIRED version CDATA #REQUIRED timestamp CDATA #REQUIRED {RATES}>
<!ELEMENT sources (source*)> <!ELEMENT source (#PCDATA)>
<!ELEMENT packages (package*)>
<!ELEMENT package (classes)> <!ATTLIST package name CDATA #REQUIRED {RATES}>
<!ELEMENT classes (class*)>
<!ELEMENT class (methods, lines)>
<!ATTLIST class name CDATA #REQUIRED filename CDATA #REQUIRED {RATES}>
<!ELEMENT methods EMPTY>
<!ELEMENT lines (line*)>
<!ELEMENT line EMPTY>
<!ATTLIST line number CDATA #REQUIRED hits CDATA #REQUIRED branch (true|false) "false"
  condition-coverage CDATA "100%">
"""


def document(files: list[FileCoverage] | tuple[FileCoverage, ...], root: str = "/project") -> etree._Element:
    text = "".join(cobertura.render(files, root, '1.0 "dev" <&>', 1_700_000_000_000))
    return etree.fromstring(text.encode())


@given(REPORTS, st.text(max_size=9))
def test_any_coverage_is_valid(files: list[FileCoverage], root: str) -> None:
    dtd = etree.DTD(io.StringIO(DTD))
    assert dtd.validate(document(files, root)), dtd.error_log


@given(REPORTS)
def test_sums_are_those_of_the_lines(files: list[FileCoverage]) -> None:
    found = document(files)
    lines = found.findall(".//line")
    assert int(found.get("lines-valid")) == len(lines)
    assert int(found.get("lines-covered")) == sum(1 for line in lines if line.get("hits") != "0")


PROGRAM = """\
import coverage, importlib, os, sys
measured = coverage.Coverage(data_file=None, branch=True, source=["."], config_file=False)
measured.start()
sys.path.insert(0, ".")
app = importlib.import_module("app")
app.choose(1)
app.choose(5)
measured.stop()
measured.lcov_report(outfile="out.lcov")
measured.xml_report(outfile="out.xml")
"""
APP = """\
def choose(n):
    if n > 3:
        return "many"
    for _ in range(n):
        if n > 2:
            return "never"
    return "few"


def never():
    return 1
"""


def test_coverage_py_says_the_same(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "__init__.py").write_text("")
    (tmp_path / "inside" / "other.py").write_text("x = 1\n")
    subprocess.run([sys.executable, "-c", PROGRAM], cwd=tmp_path, check=True)
    files = parse((tmp_path / "out.lcov").read_text())
    ours = document(tuple(file for file in files if file.lines))
    theirs = etree.parse(tmp_path / "out.xml").getroot()

    def lines(root: etree._Element) -> dict[tuple[str, str], tuple[str, str, str | None]]:
        return {
            (one.get("filename"), line.get("number")): (
                line.get("hits"),
                line.get("branch", "false"),
                line.get("condition-coverage"),
            )
            for one in root.findall(".//class")
            for line in one.findall("lines/line")
        }

    assert lines(ours) == lines(theirs)
    for name in ("lines-valid", "lines-covered", "branches-valid", "branches-covered", "line-rate"):
        assert ours.get(name) == theirs.get(name)
