"""What `doctor` says of extensions."""

from __future__ import annotations

from pathlib import Path

from tests.extending import packages
from tests.program import running


def test_each_is_named_and_what_is_wrong_with_it(tmp_path: Path) -> None:
    env = packages.write(
        tmp_path / "site",
        {
            "matchers": {"even": "acme.all:even", "broken": "acme.all:nowhere", "number": "acme.all:number"},
            "template_functions": {"shout": "acme.all:even", "uuid": "acme.all:even"},
            "reporters": {"csv": "acme.all:even", "number": "acme.all:number"},
            "backends": {"wrapped": "acme.all:even", "number": "acme.all:number"},
        },
        {"acme.all": "def even(*arguments):\n    return None\n\nnumber = 12\n"},
    )
    done = running.run(tmp_path, "doctor", env=env)
    assert done.status == 0, done.stderr
    told = done.stdout[done.stdout.index("\nextensions\n") :]
    lines = [" ".join(line.split()) for line in told.splitlines() if line.strip()]
    assert lines == [
        "extensions",
        "✗ $broken acme-testing 1.0",
        "the matcher `broken` of acme-testing 1.0 can't be loaded: AttributeError: "
        "module 'acme.all' has no attribute 'nowhere'",
        "✓ $even acme-testing 1.0",
        "✗ $number acme-testing 1.0",
        "the matcher `number` of acme-testing 1.0 is int",
        "✗ shout() acme-testing 1.0",
        "the template function `uuid` of acme-testing 1.0 has the name of one that is built in",
        "✗ uuid() acme-testing 1.0",
        "the template function `uuid` of acme-testing 1.0 has the name of one that is built in",
        "✓ --report csv= acme-testing 1.0",
        "✗ --report number= acme-testing 1.0",
        "the reporter `number` of acme-testing 1.0 is no function, but int",
        "✗ --backend number acme-testing 1.0",
        "the backend `number` of acme-testing 1.0 is int",
        "✓ --backend wrapped acme-testing 1.0",
    ]


def test_without_extensions_nothing_is_said(tmp_path: Path) -> None:
    assert "extensions" not in running.run(tmp_path, "doctor").stdout
