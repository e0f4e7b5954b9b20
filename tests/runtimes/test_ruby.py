"""Which Ruby is taken, and which gems it sees."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.program import running

from lambda_scenarios.errors import MissingPart
from lambda_scenarios.model.function import Function, ServiceInfo
from lambda_scenarios.runtimes import ruby
from lambda_scenarios.runtimes.runtime import World


def function(root: Path, runtime: str = "ruby3.3", *layers: Path) -> Function:
    return Function(
        key="f",
        name="s-dev-f",
        handler="f.main",
        runtime=runtime,
        code=str(root),
        service=ServiceInfo("s", "dev", "us-east-1", str(root), None),
        layers=tuple(map(str, layers)),
    )


def program(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def world(tmp_path: Path, **more: str) -> World:
    return World({"PATH": str(tmp_path / "bin"), **more}, str(tmp_path))


def test_the_version_that_is_asked_for(tmp_path: Path) -> None:
    program(tmp_path / "bin/ruby", "ruby 3.1.2p20 (2022-04-12 revision 4491bb740a) [x86_64-linux-gnu]")
    wanted = program(tmp_path / "bin/ruby3.3", "nothing: its name tells")
    launch = ruby.launch(function(tmp_path), world(tmp_path))
    assert (launch.command[0], launch.version, launch.instead) == (str(wanted), "3.3", "")


def test_another_version_is_said(tmp_path: Path) -> None:
    found = program(
        tmp_path / "bin/ruby", "ruby 3.1.2p20 (2022-04-12 revision 4491bb740a) [x86_64-linux-gnu]"
    )
    (tmp_path / "vendor/bundle/ruby/3.3.0").mkdir(parents=True)
    launch = ruby.launch(function(tmp_path), world(tmp_path))
    assert launch.version == "3.1"
    assert launch.instead.startswith(f"Ruby 3.1 ({found})")
    assert "doesn't see the gems in vendor/bundle/ruby/3.3.0" in launch.instead


def test_a_shim_of_rbenv_is_not_started(tmp_path: Path) -> None:
    shim = program(tmp_path / "rbenv/shims/ruby", "a shim")
    inside = program(tmp_path / "rbenv/versions/3.3.6/bin/ruby", "nothing: its directory tells")
    (tmp_path / "rbenv/version").write_text("3.3.6\n")
    found = ruby.launch(
        function(tmp_path), World({"PATH": str(shim.parent), "PWD": str(tmp_path)}, str(tmp_path))
    )
    assert (found.command[0], found.version) == (str(inside), "3.3")


def test_none(tmp_path: Path) -> None:
    with pytest.raises(MissingPart) as raised:
        ruby.launch(function(tmp_path), world(tmp_path))
    assert raised.value.problem == "scenario needs Ruby 3.3, which isn't on this machine"
    assert "apt-get install ruby" in raised.value.notes[0]
    (found,) = ruby.inspect(world(tmp_path))
    assert found.version is None


@pytest.mark.parametrize(
    ("environ", "locale"),
    [({}, True), ({"LANG": "C"}, True), ({"LANG": "de_DE.UTF-8"}, False), ({"LC_ALL": "C.utf8"}, False)],
)
def test_texts_are_utf8(tmp_path: Path, environ: dict[str, str], locale: bool) -> None:
    program(tmp_path / "bin/ruby3.3", "")
    launch = ruby.launch(function(tmp_path), world(tmp_path, **environ))
    assert (("LC_CTYPE", "C.UTF-8") in launch.environment) == locale


HANDLER = """
require 'from_bundle'
require 'from_layer'
require 'from_lib'
def main(event:, context:)
  [FROM_BUNDLE, FROM_LAYER, FROM_LIB, Gem::Specification.map(&:name).include?('rake')]
end
"""
SPECIFICATION = """Gem::Specification.new do |s|
  s.name = '{name}'
  s.version = '1.0.0'
  s.summary = 'a gem'
  s.files = ['lib/{name}.rb']
  s.require_paths = ['lib']
end
"""


@pytest.mark.skipif(shutil.which("ruby") is None, reason="needs Ruby (apt-get install ruby)")
def test_gems_of_the_bundle_and_of_layers_and_of_the_machine(tmp_path: Path) -> None:
    (here,) = {found.version for found in ruby.inspect(World(running.environment(), str(tmp_path)))}
    assert here is not None
    version = ".".join(here.split(".")[:2]) + ".0"
    gem(tmp_path / "src/vendor/bundle/ruby" / version, "from_bundle")
    gem(tmp_path / "layer/ruby/gems" / version, "from_layer")
    (tmp_path / "layer/ruby/lib").mkdir(parents=True)
    (tmp_path / "layer/ruby/lib/from_lib.rb").write_text("FROM_LIB = 'from_lib'\n")
    (tmp_path / "src/f.rb").write_text(HANDLER)
    (tmp_path / "scenarios.yml").write_text("""
service: null
functions: {f: {handler: f.main, runtime: ruby3.3, code: src, layers: [layer]}}
scenarios:
  - {name: sees them, function: f, expect: {output: [from_bundle, from_layer, from_lib, true]}}
""")
    done = running.run(tmp_path, "run", "scenarios.yml", "--no-reports")
    assert done.status == 0, done.stdout + done.stderr


def gem(folder: Path, name: str) -> None:
    (folder / "specifications").mkdir(parents=True)
    (folder / f"specifications/{name}-1.0.0.gemspec").write_text(SPECIFICATION.format(name=name))
    (folder / f"gems/{name}-1.0.0/lib").mkdir(parents=True)
    (folder / f"gems/{name}-1.0.0/lib/{name}.rb").write_text(f"{name.upper()} = '{name}'\n")
