"""Which HTTP front a function of a service file stands behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_scenarios.services.variables import Located, Resolver, UnresolvableError

if TYPE_CHECKING:
    from lambda_scenarios.model.function import HttpSource

_BY_EVENT: dict[str, HttpSource] = {"http": "rest", "httpApi": "http", "alb": "alb"}


def read_http_source(resolver: Resolver, function: Located) -> HttpSource | None:
    """The first HTTP event of the function, else its function URL, else None. Raises nothing.

    Nothing else of an event matters here, so its variables stay as they are.
    """
    try:
        events = resolver.follow(function, ("events",))
    except UnresolvableError:
        events = None
    if events is not None and isinstance(events.value, list):
        for index, item in enumerate(events.value):
            try:
                event = resolver.settle(Located(item, events.origin.at(index))).value
            except UnresolvableError:
                continue
            for name in event if isinstance(event, dict) else (event,):
                if isinstance(name, str) and name in _BY_EVENT:
                    return _BY_EVENT[name]
    try:
        url = resolver.follow(function, ("url",))
    except UnresolvableError:
        return None
    return "url" if url is not None and url.value is not False else None
