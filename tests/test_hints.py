"""What may lie behind a failure: told where AWS refused a function, and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lambda_scenarios.hints import hint
from lambda_scenarios.model.outcome import BackendFailed, Ending, FunctionError, InitFailed, Outcome, Returned
from tests.program import running

# As the services and the SDKs word it.
DYNAMODB = FunctionError(
    "ClientError",
    "An error occurred (UnrecognizedClientException) when calling the GetItem operation: "
    "The security token included in the request is invalid.",
    (),
)
S3 = FunctionError(
    "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", ()
)
NONE_FOUND = FunctionError("CredentialsProviderError", "Could not load credentials from any providers", ())
EXPIRED = FunctionError("ExpiredTokenException", "The security token included in the request is expired", ())
DENIED = FunctionError(
    "AccessDeniedException",
    "User: arn:aws:iam::123456789012:user/maja is not authorized to perform: dynamodb:GetItem",
    (),
)
OF_ITS_OWN = FunctionError("KeyError", "'body'", ())


def outcome(ending: Ending, logs: bytes = b"", init_logs: bytes = b"") -> Outcome:
    return Outcome(ending, "id", 0.0, 1.0, None, None, logs, init_logs, 1, 1)


class TestMadeUpKeys:
    @pytest.mark.parametrize(
        "ended",
        [
            outcome(DYNAMODB),
            outcome(S3),
            outcome(NONE_FOUND),
            outcome(InitFailed(*DYNAMODB[:3])),
            outcome(Returned(b'{"statusCode": 500}'), logs=DYNAMODB.message.encode()),
            outcome(Returned(json.dumps({"message": S3.message}).encode())),
            outcome(OF_ITS_OWN, init_logs=NONE_FOUND.message.encode()),
        ],
    )
    def test_are_told_where_aws_refused_them(self, ended: Outcome) -> None:
        told = hint(ended, "none")
        assert told is not None
        assert "made-up keys" in told
        assert "`credentials: inherit`" in told

    @pytest.mark.parametrize(
        "ending", [OF_ITS_OWN, DENIED, Returned(b"{}"), BackendFailed("InvalidAccessKeyId")]
    )
    def test_are_not_blamed_for_anything_else(self, ending: Ending) -> None:
        assert hint(outcome(ending), "none") is None


@pytest.mark.parametrize(
    ("ending", "inherited", "of_role"),
    [
        (DENIED, "not those of its role", None),
        (EXPIRED, "have expired", "have expired"),
        (NONE_FOUND, "found no credentials", "found no credentials"),
        (OF_ITS_OWN, None, None),
    ],
)
def test_real_credentials(ending: Ending, inherited: str | None, of_role: str | None) -> None:
    for credentials, expected in (("inherit", inherited), ("role", of_role)):
        told = hint(outcome(ending), credentials)  # type: ignore[arg-type]  # two of the three words
        assert (told is None) if expected is None else (told is not None and expected in told)


@pytest.mark.parametrize(
    ("message", "install"),
    [
        ("Unable to import module 'app': No module named 'boto3'", "pip install boto3 "),
        ("No module named 'botocore.config'", "pip install botocore "),
        (
            "Cannot find package '@aws-sdk/client-s3' imported from /x/app.mjs",
            "npm install --save-dev @aws-sdk/client-s3",
        ),
        (
            "Cannot find module '@aws-sdk/lib-dynamodb'\nRequire stack:",
            "npm install --save-dev @aws-sdk/lib-dynamodb",
        ),
        ("cannot load such file -- aws-sdk-s3", "gem install aws-sdk-s3 "),
    ],
)
def test_the_sdk_that_lambda_has(message: str, install: str) -> None:
    told = hint(outcome(InitFailed("Error", message, ())), "none")
    assert told is not None
    assert install in f"{told} "


@pytest.mark.parametrize("message", ["No module named 'boto3_stubs_of_mine'", "Cannot find module 'aws-sdk'"])
def test_what_lambda_has_not_either(message: str) -> None:
    assert hint(outcome(InitFailed("Error", message, ())), "none") is None


def test_every_report_has_it(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        f"def refused(event, context):\n    raise RuntimeError({DYNAMODB.message!r})\n"
        "def own(event, context):\n    raise RuntimeError('of its own')\n"
    )
    (tmp_path / "s.yml").write_text(
        "functions:\n"
        "  refused: {handler: app.refused, runtime: python3.11}\n"
        "  own: {handler: app.own, runtime: python3.11}\n"
        "scenarios:\n  - {name: refused, function: refused}\n  - {name: own, function: own}\n"
        "  - {name: expected, function: refused, expect: {error: true}}\n"
    )
    done = running.run(tmp_path, "run", "s.yml")
    assert done.status == 1
    assert done.stdout.count("hint: AWS was called with made-up keys") == 1
    junit = (tmp_path / "reports" / "junit.xml").read_text()
    assert junit.count("hint: AWS was called with made-up keys") == 1
    report = json.loads((tmp_path / "reports" / "report.json").read_text())
    hints = [result["attempts"][0]["invocations"][0]["hint"] is not None for result in report["results"]]
    assert hints == [True, False, False]
    assert [e["identity"] for e in report["environments"]] == ["nobody's (made-up keys)"] * 2
    assert "AWS was called with made-up keys" in (tmp_path / "reports" / "report.html").read_text()
