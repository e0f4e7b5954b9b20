"""Secrets are found by name and by form, and stand in no report."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.reports import samples

from lambda_scenarios.model.record import AttemptRecord, DiffLine, ErrorRecord, Record
from lambda_scenarios.reports import json_report, junit, masking, record_json
from lambda_scenarios.reports.console import Console
from lambda_scenarios.reports.masking import Masker


def words(text: str) -> list[str]:
    return text.split()


SECRET_NAMES = words("""
    PASSWORD DB_PASSWORD dbPassword PGPASSWORD MYSQL_PWD DB_PASS SMTP_PASSWD PASSPHRASE PASSWORD2 API_KEY
    apiKey APIKEY STRIPE_KEY API_KEY_V2 LICENSE_KEY ENCRYPTION_KEYS PRIVATE_KEY SECRET APP_SECRET
    CLIENT_SECRET SECRET_KEY_BASE TOKEN GITHUB_TOKEN SESSION_TOKEN AUTH REDIS_AUTH BASIC_AUTH CREDENTIALS
    DB_CREDENTIAL SENTRY_DSN CONNECTION_STRING DB_CONN_STR AWS_SECRET_ACCESS_KEY AWS_ACCESS_KEY_ID
    AWS_SESSION_TOKEN JWT_SECRET AUTHORIZATION db-password KEY
""")
OTHER_NAMES = words("""
    PWD OLDPWD PATH MONKEY KEYBOARD AUTHOR AUTHORITY KEY_NAME TABLE_KEY PARTITION_KEY SORT_KEY S3_KEY s3Key
    OBJECT_KEY IDEMPOTENCY_KEY PUBLIC_KEY KMS_KEY KMS_KEY_ID CACHE_KEY_PREFIX SECRET_NAME SECRET_ARN
    DB_SECRET_ARN SECRETS_MANAGER_ENDPOINT MAX_TOKENS NEXT_TOKEN TOKEN_TTL TOKEN_URL TOKENIZER AUTH_TYPE
    AUTH_MODE AUTH_URL PRIVATE_SUBNET_IDS PASS_THROUGH BYPASS COMPASS PASSENGERS SECRETARY TABLE STAGE
    AWS_REGION AWS_LAMBDA_FUNCTION_NAME AWS_SHARED_CREDENTIALS_FILE CREDENTIALS_MODE _HANDLER ORDERS
""")


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_names_of_secrets(name: str) -> None:
    assert masking.secret_names([name]) == {name}


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_false_friends(name: str) -> None:
    assert masking.secret_names([name]) == frozenset()


def test_more_names() -> None:
    assert masking.secret_names(["TABLE", "Webhook", "STAGE"], ["WEBHOOK", "table"]) == {"TABLE", "Webhook"}


def test_an_environment() -> None:
    variables = (
        ("TABLE", "orders"),
        ("API_KEY", "k-123456"),
        ("EMPTY_TOKEN", ""),
        ("DATABASE_URL", "postgres://app:hunter22@db/orders"),
        ("HOMEPAGE", "https://example.test:8080/a@b"),
        ("CERTIFICATE", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"),
        ("WEBHOOK", "https://hooks.test/T0/B0"),
    )
    masked = dict(masking.mask_environment(variables, ["webhook"]))
    assert masked == {
        "TABLE": "orders",
        "API_KEY": "***",
        "EMPTY_TOKEN": "",
        "DATABASE_URL": "***",
        "HOMEPAGE": "https://example.test:8080/a@b",
        "CERTIFICATE": "***",
        "WEBHOOK": "***",
    }
    values = masking.secret_values(variables)
    assert {"k-123456", "hunter22", "postgres://app:hunter22@db/orders"} <= values
    assert not {"orders", "https://hooks.test/T0/B0"} & values


def test_a_secret_inside_another_variable() -> None:
    variables = (("TOKEN", "tok-4711-abc"), ("HEADER", "Bearer tok-4711-abc"))
    masker = Masker(masking.secret_values(variables))
    found = masking.environment_record(3, variables, "", masker)
    assert (found.key, found.variables) == (3, (("TOKEN", "***"), ("HEADER", "Bearer ***")))


@pytest.mark.parametrize("value", ["", "true", "null", "12", " ", "***"])
def test_values_that_say_nothing_are_left_alone(value: str) -> None:
    masker = Masker([value])
    assert not masker.active
    text = f"it is {value}"
    assert masker.text(text) is text
    record = samples.FAILED
    assert masking.mask_record(record, masker) is record
    assert masking.mask_run(samples.INFO, masker) is samples.INFO


@pytest.mark.parametrize("value", ["12345", "development", "Password", "changeme", "a.b"])
def test_short_and_ordinary_values_are_masked_as_whole_words(value: str) -> None:
    masker = Masker([value])
    assert masker.text(f"it is {value}, {value}.") == "it is ***, ***."
    assert masker.text(f"x{value} {value}y") == f"x{value} {value}y"
    assert masker.json_text(json.dumps({"a": value, "b": [f"<{value}>"]})) == '{"a": "***", "b": ["<***>"]}'
    for text in (masker.text(""), masker.json_text('{"a":1}')):
        assert "***" not in text


def test_a_short_number_is_masked_as_a_whole() -> None:
    assert Masker(["4711"]).json_text('{"pin":4711,"n":47110}') == '{"pin":"***","n":47110}'


def test_the_longest_goes_first() -> None:
    assert Masker(["abcdef", "abcdefgh"]).text("abcdefgh abcdef") == "*** ***"


def test_what_is_cut_is_masked_too() -> None:
    masker = Masker(["sk-live-0123456789"])
    assert masker.text('expected "sk-live-01…"') == 'expected "***…"'
    assert masker.text("…456789 and sk-liv...") == "…*** and ***..."
    assert masker.text("sk-l… is too short to tell") == "sk-l… is too short to tell"


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("value", ['pa"ss\\wörd', "line one\nline two", "ümläut-secret", "a/b+c=d/e"])
def test_json_forms(value: str, ascii_only: bool) -> None:
    masker = Masker([value])
    body = json.dumps({"secret": f"<{value}>"}, ensure_ascii=ascii_only)
    event = json.dumps({"body": body, "n": 1}, ensure_ascii=ascii_only)
    for text in (event, event.replace("/", "\\/")):
        masked = json.loads(masker.json_text(text))
        assert json.loads(masked["body"]) == {"secret": "<***>"}
    assert json.loads(masker.text(f"{body}")) == {"secret": "<***>"}


def test_numbers_and_documents_stay_json() -> None:
    masker = Masker(["4711471", '{"user":"app","password":"x9y8z7"}'])
    assert masker.json_text('{"pin":4711471,"n":1.10}') == '{"pin":"***","n":1.10}'
    assert masker.json_text('{"a":{"user":"app","password":"x9y8z7"}}') == '"***"'


@given(samples.json_texts, st.text(min_size=6, max_size=10))
def test_json_stays_json(text: str, value: str) -> None:
    masker = Masker([value])
    masked = masker.json_text(text)
    json.loads(masked)
    # What could be found in the decoded text could be found by a reader of the report.
    assume(masker.active)
    assert value not in masked


@given(st.lists(st.text(min_size=1, max_size=12), max_size=4), st.text(), st.text())
def test_no_value_is_left(values: list[str], before: str, after: str) -> None:
    masker = Masker(values)
    for value in values:
        masked = masker.text(before + value + after)
        for form in (v for v in values if masking._anywhere(v)):
            # The mask itself may complete a value; a value of asterisks is nobody's secret.
            assert form not in masked or "*" in form


SECRET = 'sk-live-"ümläut\\0815'


def full_of(secret: str) -> Record:
    text = f"before {secret} after"
    quoted = json.dumps({"key": text, "nested": json.dumps({"inner": secret})})
    return samples.record(
        "leaks",
        status="failed",
        description=text,
        reason=text,
        attempts=(
            AttemptRecord(
                "failed",
                (
                    samples.invocation(
                        event=quoted,
                        context=json.dumps({"client": secret}, ensure_ascii=False),
                        output=quoted,
                        ending="function error",
                        error=ErrorRecord("KeyError", text, (text, f'File "x.py", line 1, in f\n  {secret}')),
                        logs=text + "\n" + quoted,
                        init_logs=text,
                        mismatches=(
                            samples.mismatch(
                                message=f"expected {text[:18]}…",
                                expected=text,
                                found=quoted,
                                location=f"output[{json.dumps(secret)}]",
                                diff=(DiffLine("-", quoted),),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("--param", f"dbPassword={SECRET}"),
        (f"--param=apiKey={SECRET}",),
        (f"-eTOKEN={SECRET}",),
        ("--param", f"database=postgres://app:{SECRET}@db/orders"),
        ("--docker-arg", f"-e DB_PASSWORD={SECRET} -v /a:/b"),
        ("--var", f"odd={SECRET}", "--mask", "ODD"),
    ],
)
def test_what_a_command_line_gives(arguments: tuple[str, ...]) -> None:
    masker = Masker(masking.secrets_of_command(("lambda-scenarios", "run", *arguments), ["ODD"]))
    info = masking.mask_run(samples.INFO._replace(command=arguments), masker)
    assert SECRET not in " ".join(info.command)


def test_what_a_command_line_gives_and_is_no_secret() -> None:
    arguments = ("run", "-k", "a=b", "--param", "stage=prod", "--label=os=linux", "--param", "apiKey=")
    assert masking.secrets_of_command(arguments) == frozenset()


def test_no_report_holds_a_secret() -> None:
    variables = (("API_KEY", SECRET), ("URL", f"https://x.test/?k={SECRET}"))
    masker = Masker(masking.secret_values(variables))
    record = masking.mask_record(full_of(SECRET), masker)
    info = masking.mask_run(samples.INFO._replace(command=("run", "-e", f"API_KEY={SECRET}")), masker)
    environment = masking.environment_record(1, variables, f"profile {SECRET}", masker)
    text = record_json.encode(record)
    stream = io.StringIO()
    console = Console(stream, False, False, 100, 1, lambda: 0.0)
    console.started("leaky", [samples.planned(record)], 1)
    console.scenario(record)
    console.finished([record], {"failed": 1}, 1.0, [])
    reports = [
        stream.getvalue(),
        *("".join(junit.render(info, lambda: [text], samples.END, f)) for f in ("default", "strict")),
        "".join(json_report.render(info, {"failed": 1}, [environment], [text], samples.END)),
    ]
    for report in reports:
        assert "***" in report
        for part in ("sk-live", "0815", "mläut", "ml\\u00e4ut"):
            assert part not in report
    json.loads(reports[-1])


def test_identity_is_kept() -> None:
    record = samples.record("creates an order", tags=("orders",))
    masked = masking.mask_record(record, Masker(["orders", "createOrder", "creates an order"]))
    assert (masked.id, masked.file, masked.name, masked.tags, masked.function) == (
        record.id, record.file, record.name, record.tags, record.function
    )  # fmt: skip
