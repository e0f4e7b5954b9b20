"""`run --watch` of functions that are compiled first, and of deployed ones."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.backends.aws.conftest import fake
from tests.backends.aws.fake_lambda import Fake
from tests.watching.watched import Watch

__all__ = ["fake"]

JAVA = """\
package shop;
public class Said {{
  public String handle(Object event) {{ return "{word}"; }}
}}
"""
COMPILED = """\
functions:
  said: {handler: "shop.Said::handle", runtime: java17, code: app, build: javac -d . src/Said.java}
defaults: {timeout: 30}
scenarios:
  - {name: one, function: said, expect: {output: hello}}
"""
DEPLOYED = """\
scenarios:
  - {{name: one, function: echo, event: {{say: {word}}}, expect: {{output: {{say: hello}}}}}}
"""


@pytest.mark.skipif(
    shutil.which("javac") is None, reason="needs a JDK (apt-get install default-jdk-headless)"
)
def test_java_is_compiled_and_started_anew(tmp_path: Path) -> None:
    (tmp_path / "app" / "src").mkdir(parents=True)
    (tmp_path / "app" / "src" / "Said.java").write_text(JAVA.format(word="hello"))
    (tmp_path / "s.yml").write_text(COMPILED)
    watch = Watch(tmp_path, "s.yml")
    try:
        assert "1 passed" in watch.until_it_waits()
        assert 'expected "hello", found "hullo"' in watch.after(
            "app/src/Said.java", JAVA.format(word="hullo")
        )
        assert "src/Said.java:3" in watch.after("app/src/Said.java", JAVA.format(word='"'))
        assert "1 passed" in watch.after("app/src/Said.java", JAVA.format(word="hello"))
        watch.end()
    finally:
        watch.process.kill()
        watch.process.communicate()


def test_deployed_functions_are_asked_again_where_a_scenario_changes(fake: Fake, tmp_path: Path) -> None:
    (tmp_path / "serverless.yml").write_text(
        "service: shop\nprovider: {name: aws, runtime: python3.11, region: eu-west-1}\n"
        "functions: {echo: {handler: app.handler}}\n"
    )
    (tmp_path / "app.py").write_text("def handler(event, context): return 'local'\n")
    (tmp_path / "s.yml").write_text(DEPLOYED.format(word="hello"))
    watch = Watch(tmp_path, "s.yml", "--backend", "aws", env=fake.environ)
    try:
        assert "1 passed" in watch.until_it_waits()
        assert 'found "hullo"' in watch.after("s.yml", DEPLOYED.format(word="hullo"))
        assert "1 passed" in watch.after("s.yml", DEPLOYED.format(word="hello"))
        assert [request.event["say"] for request in fake.requests] == ["hello", "hullo", "hello"]
        watch.end()
    finally:
        watch.process.kill()
        watch.process.communicate()
