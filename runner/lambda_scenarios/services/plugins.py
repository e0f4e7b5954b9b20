"""Plugins of the Serverless Framework: none is run, so what one would have done is told by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_scenarios.services.variables import Located, Resolver, UnresolvableError

if TYPE_CHECKING:
    from lambda_scenarios.services.handler_files import HandlerFault

# Variable sources, and who gives them.
_SOURCES = {
    "construct": "serverless-lift",
    "git": "serverless-git-variables",
    "output": "the Serverless Dashboard",
    "state": "the Serverless Dashboard",
    "vault": "serverless-vault",
}

# Plugins that make the code which is deployed, and where they leave it.
_BUILDERS = {
    "serverless-bundle": ".webpack",
    "serverless-esbuild": ".esbuild/.build",
    "serverless-go-plugin": ".bin",
    "serverless-plugin-optimize": "_optimize",
    "serverless-plugin-typescript": ".build",
    "serverless-rust": "target",
    "serverless-webpack": ".webpack",
}
PSEUDO_PARAMETERS = "serverless-pseudo-parameters"


def plugins_of(resolver: Resolver) -> tuple[str, ...]:
    """The names under `plugins`, as far as they can be resolved. Raises nothing."""
    found: list[str] = []
    try:
        plugins = resolver.lookup("plugins")
        if plugins is not None and isinstance(plugins.value, dict):  # `{localPath: …, modules: […]}`
            plugins = resolver.follow(plugins, ("modules",))
    except UnresolvableError:
        return ()
    if plugins is None or not isinstance(plugins.value, list):
        return ()
    for index, item in enumerate(plugins.value):
        try:
            name = resolver.settle(Located(item, plugins.origin.at(index))).value
        except UnresolvableError:
            continue
        if isinstance(name, str):
            found.append(name)
    return tuple(found)


def unknown_source(resolver: Resolver, source: str) -> tuple[str, tuple[str, ...]]:
    """What is to be said of a variable source that the Framework itself hasn't: problem and notes."""
    notes = [
        "if a plugin gives this value: write `${param:name}` here and pass --param name=value,",
        "or put it under `custom` and refer to it by `${self:custom.name}`,",
        "or give it by name under `resolve` in the scenario file;",
        "what scenarios need of it stands under `vars`: `{{ vars.name }}` in events and expectations",
    ]
    plugins = plugins_of(resolver)
    if plugins:
        notes.append(f"plugins of this service: {', '.join(plugins)}")
    giver = _SOURCES.get(source)
    if giver is None:
        return f"there is no variable source `{source}`", tuple(notes)
    return f"the source `{source}` is one of {giver}", tuple(notes)


def with_builder(fault: HandlerFault, resolver: Resolver) -> HandlerFault:
    """A missing handler, with the plugin of this service that would have built it."""
    builder = next((name for name in plugins_of(resolver) if name in _BUILDERS), None)
    if fault.kind != "missing" or builder is None:
        return fault
    notes = (
        f"{builder} would build it, into {_BUILDERS[builder]}: plugins are not run",
        "build it first: `serverless package`, then --skip-package runs what was packaged,",
        "or point `handler` at the file that the build makes",
    )
    return fault._replace(notes=(*fault.notes, *notes))
