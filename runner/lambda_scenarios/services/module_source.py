"""`${file(x.js)}`: values that a program exports, or that a function in it gives."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lambda_scenarios.model.values import Json, Origin
from lambda_scenarios.services.modules import options_argument
from lambda_scenarios.services.node_process import QuestionRefused, Thrown
from lambda_scenarios.services.variables import Asked, Located, Missing, Resolver, UnresolvableError

if TYPE_CHECKING:
    from lambda_scenarios.services.node_process import Question


def value_from_module(
    resolver: Resolver, asked: Asked, file: str, environ: Mapping[str, str]
) -> Located | Missing:
    """What `file` (absolute) exports at the address. A function gets `options`, `resolveVariable` and
    `resolveConfigurationProperty`, as in the Framework (lib/configuration/variables/sources/file.js).

    `environ` are variables of `.env` files. Raises UsageError where the program fails, and what made a
    look-up of its fail.
    """
    name = os.path.basename(file)
    if not os.path.isfile(file):
        raise FileNotFoundError(file)
    keys = tuple(asked.address.split(".")) if asked.address else ()
    refused: dict[int, UnresolvableError] = {}

    def answer(number: int, question: Question) -> Json:
        try:
            if question.variable is not None:
                return resolver.expression(question.variable, asked.origin)
            found = resolver.lookup(*question.property)
            return None if found is None else resolver.deep(found)
        except UnresolvableError as error:
            refused[number] = error
            raise QuestionRefused(error.problem) from None

    try:
        settings = resolver.settings
        exported = settings.modules().exported(
            file,
            keys,
            argument=options_argument(settings.stage, settings.region, settings.params),
            environ=environ,
            answer=answer,
        )
    except Thrown as thrown:
        raise refused[thrown.fields["asked"]] from None
    depth = len(keys) - len(exported.rest)
    found = Located(exported.value, Origin(file, keys[:depth]))
    if exported.rest:  # the program has a variable where the address goes on
        further = resolver.follow(found, exported.rest, settle_last=False)
        return further or Missing(f"there is no value `{asked.address}` in {name}")
    if exported.value is None:
        what = dict(exported.dropped).get(())
        if what is not None:
            return Missing(f"`{asked.address or name}` is {what}, which is no value")
        return Missing(
            f"there is no value `{asked.address}` in {name}" if keys else f"{name} exports nothing"
        )
    return found
