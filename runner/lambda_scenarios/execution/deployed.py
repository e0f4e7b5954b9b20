"""From a function to what is deployed of it on AWS."""

from __future__ import annotations

from collections.abc import Mapping

from lambda_scenarios.backends.aws.invoker import Invoker
from lambda_scenarios.errors import MissingPart
from lambda_scenarios.model.function import Function
from lambda_scenarios.model.remote import RemoteCall, RemoteSpec
from lambda_scenarios.model.scenario import Invocation

# Seconds beyond the timeout of a function: ten that loading may take, and what a container image needs.
_BEYOND = 20.0


class Deployed:
    """The deployed functions of a run. Made when the first scenario is to run there."""

    def __init__(
        self, environ: Mapping[str, str], profile: str | None, qualifier: str | None, jobs: int
    ) -> None:
        self.invoker = Invoker(environ, jobs)
        self.warnings: list[str] = []
        if self.invoker.jobs < jobs:
            self.warnings.append(
                f"{self.invoker.jobs} requests to AWS at once, not {jobs}: no more files can be open here"
            )
        self._environ = environ
        self._profile = profile
        self._qualifier = qualifier
        self._names: dict[tuple[str | None, str, str, str], str | MissingPart] = {}

    def spec(self, invocation: Invocation) -> RemoteSpec:
        """Raises MissingPart where it can't be invoked: no credentials, a name that only AWS knows."""
        function = invocation.function
        service = function.service
        if invocation.isolation == "cold":
            self.warnings.append(
                "`isolation: cold` changes nothing on AWS: which worker serves is Lambda's choice"
            )
        profile = self._profile or service.profile
        spec = RemoteSpec(function.name, service.region, service.stage, profile, self._qualifier)
        self.invoker.prepare(spec, call_of(invocation))
        return spec._replace(name=self._name(function, profile))

    def _name(self, function: Function, profile: str | None) -> str:
        """What it is called there: AWS chooses the names of functions that a template gives none."""
        if function.in_stack is None:
            return function.name
        stack, logical_id = function.in_stack
        region = function.service.region
        key = (profile, region, stack, logical_id)
        if key not in self._names:
            from lambda_scenarios.aws.lookups import LookupFailed, Lookups

            try:
                self._names[key] = Lookups(self._environ, profile).physical_id(stack, region, logical_id)
            except LookupFailed as failure:
                self._names[key] = MissingPart(
                    f"the name of {function.key} on AWS isn't known: {failure.reason}",
                    (
                        *failure.notes,
                        f"or name it: `resolve: {{{logical_id}: NAME}}` of the scenario file; "
                        "the stack is `stack_name` of samconfig.toml",
                    ),
                    skippable=False,
                )
        found = self._names[key]
        if isinstance(found, MissingPart):
            raise found
        return found


def call_of(invocation: Invocation) -> RemoteCall:
    """What a request of this invocation adds."""
    context = invocation.context.client_context
    encoded = None
    if context is not None:
        from base64 import b64encode

        encoded = b64encode(context.encode()).decode()
    return RemoteCall(
        wait=invocation.timeout + _BEYOND,
        limited=invocation.timeout != invocation.function.timeout,
        client_context=encoded,
    )
