"""Look-ups in AWS for service files: each is made once a run, also one that fails.

Nothing is imported and nothing asked before the first look-up; what that costs is paid by services that refer
to AWS only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from lambda_scenarios.aws.failures import LookupFailed, NoSuchStack, unreadable

__all__ = ["LookupFailed", "Lookups", "NoSuchStack", "Parameter", "Resource"]

T = TypeVar("T")

# After so many endpoints that never answered, and none that did, there is no network.
_MOST_UNANSWERED = 2
_BEFORE_A_SECOND_TRY = 1.0  # seconds


class Resource(NamedTuple):
    """A resource of a deployed stack. `type` is CloudFormation's: AWS::SQS::Queue."""

    type: str
    physical_id: str


class Parameter(NamedTuple):
    """A parameter of the Systems Manager. `type` is String, StringList or SecureString."""

    type: str
    value: str


class Lookups:
    """AWS as the user's credentials see it: those that every SDK finds, or those of `profile`.

    Every method raises LookupFailed. Where there are no credentials or no network, the first look-up finds
    that out and all further ones fail without another attempt.
    """

    def __init__(self, environ: Mapping[str, str], profile: str | None = None) -> None:
        """`environ` is the runner's environment: credentials, profiles, endpoints and proxies are its."""
        self._environ = environ
        self.profile = profile
        self._found: dict[tuple[str, ...], Any] = {}
        self._session: Any = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._by_profile: dict[str | None, Lookups] = {profile: self}
        self._secrets: set[str] = set()
        self._stopped: LookupFailed | None = None  # what every look-up fails for
        self._unreachable: dict[tuple[str, str], LookupFailed] = {}
        self._unanswered = 0
        self._answered = False

    def of_profile(self, profile: str | None) -> Lookups:
        """The same for another profile; one for each profile of a run."""
        known = self._by_profile.get(profile)
        if known is None:
            known = self._by_profile[profile] = Lookups(self._environ, profile)
            known._by_profile = self._by_profile
            known._secrets = self._secrets
        return known

    def secrets(self) -> frozenset[str]:
        """What AWS keeps as a secret among all that was looked up, for any profile: no report may show it."""
        return frozenset(self._secrets)

    def client(self, service: str, region: str) -> Any:
        """A client of botocore, the same for each pair; for calls that aren't look-ups.

        It has short timeouts and retries nothing. Calls of it raise botocore's exceptions, and have to be
        made inside `aws.session.environment`.
        """
        key = (service, region)
        if key not in self._clients:
            from lambda_scenarios.aws.reasons import Call, explain
            from lambda_scenarios.aws.session import CONFIG, environment, open_session

            try:
                with environment(self._environ):
                    if self._session is None:
                        self._session = open_session(self.profile)
                    self._clients[key] = self._session.create_client(
                        service, region_name=region, config=CONFIG
                    )
            except Exception as error:  # noqa: BLE001 - botocore raises ValueError and OSError as well
                raise explain(error, Call(service, region, "", self.profile)) from None
        return self._clients[key]

    def resources(self, stack: str, region: str) -> Mapping[str, Resource]:
        """The resources of a deployed stack by logical id. Raises NoSuchStack too."""
        return self._once(("resources", region, stack), lambda: self._resources(stack, region))

    def physical_id(self, stack: str, region: str, logical_id: str) -> str:
        """What `Ref` of a resource gives in a deployed stack."""
        return self._resource(stack, region, logical_id).physical_id

    def attribute(self, stack: str, region: str, logical_id: str, attribute: str) -> str:
        """What `Fn::GetAtt` gives of a resource in a deployed stack."""
        resource = self._resource(stack, region, logical_id)
        key = ("attribute", region, resource.physical_id, resource.type, attribute)
        from lambda_scenarios.aws.attributes import attribute_of

        return self._once(key, lambda: attribute_of(self, resource, region, attribute))

    def outputs(self, stack: str, region: str) -> Mapping[str, str]:
        """The outputs of a deployed stack by name. Raises NoSuchStack too."""
        outputs = self._described(stack, region).get("Outputs") or ()
        return {output["OutputKey"]: output.get("OutputValue", "") for output in outputs}

    def export(self, region: str, name: str) -> str:
        """What `Fn::ImportValue` gives in a region."""
        exports = self._once(("exports", region), lambda: self._exports(region))
        if name not in exports:
            from lambda_scenarios.errors import did_you_mean

            close = did_you_mean(name, tuple(exports))
            note = (f"did you mean `{close}`?",) if close else ()
            raise LookupFailed(
                f"no stack in {region} exports `{name}`",
                (*note, "deploy the stack that does, or give another region"),
            )
        return exports[name]

    def ssm(self, name: str, region: str, *, decrypt: bool = True) -> Parameter | None:
        """A parameter of the Systems Manager, None where there is none of that name."""
        return self._once(("ssm", region, name, str(decrypt)), lambda: self._ssm(name, region, decrypt))

    def s3_text(self, bucket: str, key: str, region: str) -> str | None:
        """An object of S3 as text, None where there is no such key."""
        return self._once(("s3", bucket, key), lambda: self._s3_text(bucket, key, region))

    def account_id(self, region: str) -> str:
        """The account that the credentials belong to."""
        return self._once(("account",), lambda: str(self.ask("sts", region, "GetCallerIdentity")["Account"]))

    def stack_id(self, stack: str, region: str) -> str:
        """The ARN of a deployed stack. Raises NoSuchStack too."""
        return str(self._described(stack, region).get("StackId") or "")

    def zones(self, region: str) -> tuple[str, ...]:
        """The names of a region's availability zones, in order."""
        return self._once(("zones", region), lambda: self._zones(region))

    def secret(self, name: str, region: str, *, stage: str = "", version: str = "") -> str:
        """The text of a secret, by its name or ARN; of AWSCURRENT without a stage or a version's id."""
        key = ("secret", region, name, stage, version)
        return self._once(key, lambda: self._secret(name, region, stage, version))

    def layer(self, arn: str) -> str:
        """The absolute directory that holds a layer's content, downloaded once and kept for later runs."""
        from lambda_scenarios.aws.layer_store import layer_directory

        return self._once(("layer", arn), lambda: layer_directory(self, arn, self._environ))

    def download(self, url: str, region: str, write: Callable[[bytes], object]) -> None:
        """Hands what lies behind a signed address of S3 to `write`, in chunks; what that raises is raised."""
        from lambda_scenarios.aws.download import fetch
        from lambda_scenarios.aws.reasons import Call, explain, one_line
        from lambda_scenarios.aws.session import environment

        self.client("s3", region)  # which opens the session
        try:
            with environment(self._environ):
                fetch(url, self._session, write)
        except Exception as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            failure = explain(error, Call("s3", region, "GetObject", self.profile))
            host = url.partition("://")[2].partition("/")[0]
            if not failure.code:
                reason = (
                    f"{host}, where AWS keeps it, can't be reached: {one_line(str(error)).replace(url, host)}"
                )
                failure = LookupFailed(reason)
            raise failure from None

    def ask(self, service: str, region: str, operation: str, **parameters: Any) -> Any:
        """The answer to one call, as botocore gives it; `operation` as in the API: GetParameter.

        Not kept. Raises LookupFailed; where AWS answered with an error, its code is in `code`.
        """
        return self._guarded(
            service, region, operation, lambda client, name: getattr(client, name)(**parameters)
        )

    def pages(self, service: str, region: str, operation: str, **parameters: Any) -> list[Any]:
        """The answers to a call that has pages, all of them. Not kept. Raises LookupFailed."""
        return self._guarded(
            service,
            region,
            operation,
            lambda client, name: list(client.get_paginator(name).paginate(**parameters)),
        )

    def _once(self, key: tuple[str, ...], look_up: Callable[[], T]) -> T:
        if key not in self._found:
            try:
                self._found[key] = look_up()
            except LookupFailed as failure:
                self._found[key] = failure
            except (KeyError, IndexError, TypeError):  # something that AWS always says isn't there
                self._found[key] = unreadable()
        found = self._found[key]
        if isinstance(found, LookupFailed):
            raise found
        return found  # type: ignore[no-any-return]  # the key says what kind it is

    def _guarded(self, service: str, region: str, operation: str, call: Callable[[Any, str], T]) -> T:
        endpoint = (service, region)
        known = self._stopped or self._unreachable.get(endpoint)
        if known is not None:
            raise known
        from lambda_scenarios.aws.reasons import Call, explain, is_of_network, is_unanswered
        from lambda_scenarios.aws.session import environment

        try:
            client = self.client(service, region)
            with environment(self._environ):
                answer = _with_second_try(lambda: call(client, _snake(operation)))
        except LookupFailed as failure:
            if failure.general:
                self._stopped = failure
            raise
        except Exception as error:  # noqa: BLE001 - botocore raises ValueError and OSError as well
            why = explain(error, Call(service, region, operation, self.profile))
            if is_of_network(error):
                if not self._answered:
                    # One reason for all of AWS, which is told once.
                    why = next(iter(self._unreachable.values()), why)
                self._unreachable[endpoint] = why
                self._unanswered += is_unanswered(error)
                if self._unanswered >= _MOST_UNANSWERED and not self._answered:
                    self._stopped = why
            elif why.general:
                self._stopped = why
            raise why from None
        self._answered = True
        return answer

    def _resource(self, stack: str, region: str, logical_id: str) -> Resource:
        resources = self.resources(stack, region)
        if logical_id not in resources:
            from lambda_scenarios.errors import did_you_mean

            close = did_you_mean(logical_id, tuple(resources))
            note = (f"did you mean `{close}`?",) if close else ()
            raise LookupFailed(
                f"the stack {stack} in {region} has no resource `{logical_id}`",
                (*note, "deploy it first"),
            )
        return resources[logical_id]

    def _resources(self, stack: str, region: str) -> Mapping[str, Resource]:
        try:
            pages = self.pages("cloudformation", region, "ListStackResources", StackName=stack)
        except LookupFailed as failure:
            raise _of_stack(failure, stack, region) from None
        return {
            summary["LogicalResourceId"]: Resource(
                summary["ResourceType"], str(summary.get("PhysicalResourceId") or "")
            )
            for page in pages
            for summary in page.get("StackResourceSummaries", ())
            if summary.get("PhysicalResourceId")
        }

    def _described(self, stack: str, region: str) -> Mapping[str, Any]:
        return self._once(("stack", region, stack), lambda: self._describe(stack, region))

    def _describe(self, stack: str, region: str) -> Mapping[str, Any]:
        try:
            answer = self.ask("cloudformation", region, "DescribeStacks", StackName=stack)
        except LookupFailed as failure:
            raise _of_stack(failure, stack, region) from None
        described: Mapping[str, Any] = answer["Stacks"][0]
        return described

    def _zones(self, region: str) -> tuple[str, ...]:
        answer = self.ask("ec2", region, "DescribeAvailabilityZones")
        return tuple(sorted(zone["ZoneName"] for zone in answer["AvailabilityZones"]))

    def _secret(self, name: str, region: str, stage: str, version: str) -> str:
        parameters = {"SecretId": name, "VersionStage": stage, "VersionId": version}
        try:
            answer = self.ask(
                "secretsmanager",
                region,
                "GetSecretValue",
                **{key: value for key, value in parameters.items() if value},
            )
        except LookupFailed as failure:
            if failure.code == "ResourceNotFoundException":
                raise LookupFailed(f"there is no secret {name} in {region}") from None
            raise
        if "SecretBinary" in answer:
            raise LookupFailed(f"the secret {name} is binary, and can't be a text")
        self._keep_secret(answer["SecretString"])
        return str(answer["SecretString"])

    def _keep_secret(self, text: str) -> None:
        self._secrets.add(text)
        if text.lstrip()[:1] in ("{", "["):
            import json

            try:
                self._secrets.update(_texts_in(json.loads(text)))
            except (ValueError, RecursionError):
                return

    def _exports(self, region: str) -> Mapping[str, str]:
        pages = self.pages("cloudformation", region, "ListExports")
        return {export["Name"]: export["Value"] for page in pages for export in page.get("Exports", ())}

    def _ssm(self, name: str, region: str, decrypt: bool) -> Parameter | None:
        try:
            answer = self.ask("ssm", region, "GetParameter", Name=name, WithDecryption=decrypt)
        except LookupFailed as failure:
            if failure.code == "ParameterNotFound":
                return None
            raise
        parameter = answer["Parameter"]
        if parameter["Type"] == "SecureString" and decrypt:
            self._keep_secret(parameter["Value"])
        return Parameter(parameter["Type"], parameter["Value"])

    def _s3_text(self, bucket: str, key: str, region: str) -> str | None:
        def read(client: Any, name: str) -> str:
            body: bytes = getattr(client, name)(Bucket=bucket, Key=key)["Body"].read()
            return body.decode("utf-8", "replace")

        try:
            return self._guarded("s3", region, "GetObject", read)
        except LookupFailed as failure:
            if failure.code == "NoSuchKey":
                return None
            raise


def _texts_in(value: Any) -> Iterator[str]:
    """The strings inside of a JSON value; keys are no secrets."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts_in(item)


def _of_stack(failure: LookupFailed, stack: str, region: str) -> LookupFailed:
    """The same, or that there is no such stack: CloudFormation has no code of its own for that."""
    if failure.code != "ValidationError" or "does not exist" not in failure.reason:
        return failure
    return NoSuchStack(
        f"there is no stack {stack} in {region}",
        ("deploy it, or give another stage, region or --aws-profile",),
    )


def _with_second_try(call: Callable[[], T]) -> T:
    """Calls once more where AWS says that there were too many requests."""
    from lambda_scenarios.aws.reasons import THROTTLED, code_of

    try:
        return call()
    except Exception as error:
        if code_of(error) not in THROTTLED:
            raise
        import time

        time.sleep(_BEFORE_A_SECOND_TRY)
        return call()


def _snake(operation: str) -> str:
    """The method of a client: get_parameter for GetParameter."""
    from botocore import xform_name

    return str(xform_name(operation))
