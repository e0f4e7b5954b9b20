"""What a plugin would have done is told by its name."""

from __future__ import annotations

import pytest
from tests.services.conftest import Workshop, faults, seen

HEAD = "service: s\nprovider: {name: aws, runtime: nodejs20.x}\n"


@pytest.mark.parametrize(
    ("variable", "problem"),
    [
        ("${git:sha1}", "cannot resolve `${git:sha1}`: the source `git` is one of serverless-git-variables"),
        ("${construct:q.queueUrl}", "the source `construct` is one of serverless-lift"),
        ("${mine:a}", "there is no variable source `mine`"),
    ],
)
@pytest.mark.parametrize(
    "plugins", ["[serverless-lift, './own']", "{modules: [serverless-lift, '${self:custom.own}']}"]
)
def test_variable_sources(workshop: Workshop, variable: str, problem: str, plugins: str) -> None:
    rest = f"plugins: {plugins}\ncustom: {{own: ./own}}\n"
    (fault,) = faults(lambda: workshop.service_with(f"V: {variable}", rest=rest).function("one"))
    assert problem in fault.problem
    assert (fault.marked, fault.label) == (variable, "plugins are not run")
    assert "--param name=value" in fault.notes[0]
    assert "`resolve`" in fault.notes[2]
    assert "`{{ vars.name }}`" in fault.notes[3]
    assert fault.notes[4] == "plugins of this service: serverless-lift, ./own"


@pytest.mark.parametrize("plugins", ["${git:sha1}", "['${git:sha1}']", "5", "null"])
def test_plugins_that_are_not_known(workshop: Workshop, plugins: str) -> None:
    service = workshop.service_with("V: ${git:sha1}", rest=f"plugins: {plugins}\n")
    (fault,) = faults(lambda: service.function("one"))
    assert len(fault.notes) == 4  # the ways out
    assert "plugins of this service" not in " ".join(fault.notes)


def test_a_handler_that_a_plugin_would_build(workshop: Workshop) -> None:
    service = workshop.open(
        HEAD + "plugins: [serverless-offline, serverless-esbuild]\n"
        "functions:\n  one: {handler: src/one.handler}\n  two: {handler: dist/two.handler}\n",
        {"src/one.ts": ""},
    )
    (fault,) = faults(lambda: service.function("one"))
    assert fault.problem == "the handler `src/one.handler` is not compiled: there is only src/one.ts"
    assert fault.notes[0] == "serverless-esbuild would build it, into .esbuild/.build: plugins are not run"
    assert "`serverless package`, then --skip-package" in fault.notes[1]
    service.function("two")  # it may yet be built
    (warning,) = service.warnings()
    assert seen(warning).notes[0].startswith("serverless-esbuild would build it")


def test_plugins_that_are_not_needed_are_never_looked_at(workshop: Workshop) -> None:
    service = workshop.service_with("V: v", rest="plugins: [no-such-plugin, '${env:NOWHERE}']\n")
    assert service.function("one").environment == (("V", "v"),)


def test_the_stage_where_none_is_written(workshop: Workshop) -> None:
    (fault,) = faults(lambda: workshop.service_with("V: ${self:provider.stage}").function("one"))
    assert fault.label == "`${sls:stage}` is the stage, also where none is written"
    (fault,) = faults(lambda: workshop.service_with("V: '${opt:stage, self:provider.stage}'").function("one"))
    assert fault.notes[0] == "the option --stage is not given; it would come first"
