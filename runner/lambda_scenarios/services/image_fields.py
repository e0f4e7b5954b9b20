"""`image` of a function in a serverless.yml, beyond the name: what it changes of the image's configuration.

Source: Serverless Framework 3, docs/providers/aws/guide/functions.md.
"""

from __future__ import annotations

from lambda_scenarios.model.function import ImageConfig
from lambda_scenarios.services.javascript_text import text_in_text
from lambda_scenarios.services.variables import Located, Resolver, UnresolvableError


def read_image_config(resolver: Resolver, function: Located) -> ImageConfig:
    """`command`, `entryPoint` and `workingDirectory`. Raises UnresolvableError."""
    image = resolver.follow(function, ("image",))
    if image is None or not isinstance(image.value, dict):
        return ImageConfig()
    folder = resolver.follow(image, ("workingDirectory",))
    directory = None if folder is None else text_in_text(folder.value)
    if folder is not None and (not directory or not directory.startswith("/")):
        raise UnresolvableError("`workingDirectory` must be a path from /", folder.origin)
    return ImageConfig(
        entry_point=_words(resolver, image, "entryPoint"),
        command=_words(resolver, image, "command"),
        working_directory=directory,
    )


def _words(resolver: Resolver, image: Located, name: str) -> tuple[str, ...] | None:
    found = resolver.follow(image, (name,))
    if found is None:
        return None
    if not isinstance(found.value, list):
        raise UnresolvableError(
            f"`{name}` must be a list", found.origin, label=f"as in `{name}: [app.handler]`"
        )
    words = []
    for number, _ in enumerate(found.value):
        part = resolver.follow(found, (str(number),))
        word = None if part is None else text_in_text(part.value)
        if word is None:
            raise UnresolvableError(f"`{name}` must be a list of texts", found.origin)
        words.append(word)
    return tuple(words)
