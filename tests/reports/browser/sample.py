"""A run that looks like a real project's: orders, notifications, a nightly report.

The browser tests read it, and the picture of the README shows it.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from lambda_scenarios.model.record import (
    AttemptRecord,
    DiffLine,
    EndingKind,
    EnvironmentRecord,
    ErrorRecord,
    InvocationRecord,
    MismatchRecord,
    Record,
    RunEnd,
    RunInfo,
    Status,
)

CREATE = "scenarios/orders/create.yml"
FETCH = "scenarios/orders/get.yml"
PRICES = "scenarios/orders/prices.yml"
QUEUE = "scenarios/notifications/queue.yml"
TEMPLATES = "scenarios/notifications/templates.yml"
NIGHTLY = "scenarios/reporting/nightly.yml"

_TIME_OVER = "the time of the whole run was over (--max-time)"


class Run(NamedTuple):
    """All that a report is rendered from."""

    info: RunInfo
    environments: tuple[EnvironmentRecord, ...]
    records: tuple[Record, ...]
    end: RunEnd


def invocation(
    function: str = "createOrder",
    *,
    event: object = None,
    output: object = None,
    ending: EndingKind = "returned",
    error: ErrorRecord | None = None,
    logs: str = "",
    init_logs: str = "",
    duration_ms: float = 2.4,
    init_ms: float | None = None,
    worker: int = 1,
    nth: int = 3,
    mismatches: tuple[MismatchRecord, ...] = (),
    held: tuple[str, ...] = (),
    context: str | None = None,
    request: int = 1,
    event_text: str | None = None,
) -> InvocationRecord:
    """An invocation of one of the sample's functions."""
    node = function in ("notify", "renderTemplate")
    return InvocationRecord(
        function=function,
        function_name=f"{'notifications' if node else 'orders'}-dev-{function}",
        runtime="nodejs20.x" if node else "python3.11",
        backend="local",
        request_id=f"6f1c8a3e-52d7-4c11-9b0e-{request:012x}",
        started=f"2026-03-04T09:15:{27 + request % 9:02}.{request * 37 % 1000:03}Z",
        duration_ms=duration_ms,
        billed_ms=int(duration_ms) + 1,
        init_ms=init_ms,
        memory_mb=71 if node else 43,
        memory_size_mb=256 if node else 1024,
        timeout_s=1 if ending == "timed out" else 6,
        worker=worker,
        nth=nth,
        environment=2 if node else 1,
        event=event_text if event_text is not None else json.dumps(event, ensure_ascii=False),
        context=context,
        ending=ending,
        output=None if ending != "returned" else json.dumps(output, ensure_ascii=False),
        error=error,
        logs=logs,
        init_logs=init_logs,
        logs_truncated=False,
        hint=None,
        held=held,
        mismatches=mismatches,
    )


def record(
    file: str,
    line: int,
    name: str,
    *invocations: InvocationRecord,
    status: Status = "passed",
    tags: tuple[str, ...] = (),
    reason: str | None = None,
    description: str = "",
    function: str = "createOrder",
    attempts: tuple[AttemptRecord, ...] | None = None,
) -> Record:
    """A scenario's result, of one attempt unless `attempts` says otherwise."""
    if attempts is None:
        attempts = (AttemptRecord(status, invocations),) if invocations else ()
    return Record(
        id=f"{file}::{name}",
        file=file,
        line=line,
        name=name,
        description=description,
        tags=tags,
        function=invocations[0].function if invocations else function,
        status=status,
        reason=reason,
        duration_ms=sum(one.duration_ms for one in attempts[-1].invocations) if attempts else 0.0,
        attempts=attempts,
    )


def http_event(method: str, path: str, body: object = None) -> dict[str, object]:
    """What API Gateway sends to a function (payload format 2.0)."""
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "accept": "application/json",
            "content-type": "application/json",
            "host": "api.example.test",
        },
        "requestContext": {
            "accountId": "123456789012",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.17"},
            "requestId": "JKJaXmPLvHcESHA=",
            "stage": "$default",
            "timeEpoch": 1772615727000,
        },
        "body": None if body is None else json.dumps(body, ensure_ascii=False),
        "isBase64Encoded": False,
    }


def http_result(status: int, body: object) -> dict[str, object]:
    """What the function answers to it."""
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(body, ensure_ascii=False),
    }


def diff(text: str) -> tuple[DiffLine, ...]:
    """Lines that begin with a sign and a space."""
    return tuple(DiffLine(line[0], line[2:]) for line in text.splitlines())


def _queue_event(number: int) -> dict[str, object]:
    messages = [
        {
            "messageId": f"059f36b4-87a3-44ab-83d2-{n:012x}",
            "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
            "body": json.dumps({"kind": "order.shipped", "order": f"o-{n + 17}", "language": "de"}),
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1772615727000"},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:notifications",
        }
        for n in range(number)
    ]
    return {"Records": messages}


def _failures() -> list[Record]:
    order = {"customer": "c-42", "items": [{"sku": "tea-green-100", "quantity": 2}], "currency": "USD"}
    stored = {
        "id": "o-17",
        "status": "created",
        "customer": "c-42",
        "total": {"currency": "EUR", "amount": 12.5},
        "items": [{"sku": "tea-green-100", "quantity": 2, "price": 6.25}],
    }
    currency = MismatchRecord(
        expectation="expect.http.body_includes.total.currency",
        location="output.body.total.currency",
        message='expected "USD", found "EUR"',
        expected='"USD"',
        found='"EUR"',
        file=CREATE,
        line=31,
        column=36,
        width=13,
        diff=diff(
            "  {\n"
            '    "id": "o-17",\n'
            '    "status": "created",\n'
            '    "customer": "c-42",\n'
            '    "total": {\n'
            '-     "currency": "USD",\n'
            '+     "currency": "EUR",\n'
            '      "amount": 12.5\n'
            "    },\n"
            '    "items": [\n'
            "      {\n"
            '        "sku": "tea-green-100",\n'
            '        "quantity": 2,\n'
            '        "price": 6.25\n'
            "      }\n"
            "    ]\n"
            "  }"
        ),
    )
    logs = (
        '{"level": "INFO", "message": "order received", "customer": "c-42", "items": 1}\n'
        "\x1b[33mWARNING\x1b[0m currency of c-42 not found, falling back to EUR\n"
        '{"level": "INFO", "message": "order stored", "order": "o-17"}\n'
    )
    wrong_currency = record(
        CREATE,
        24,
        "keeps the customer's currency",
        invocation(
            event=http_event("POST", "/orders", order),
            output=http_result(201, stored),
            logs=logs,
            duration_ms=4.18,
            nth=3,
            request=3,
            mismatches=(currency,),
            held=("expect.http.status", "expect.http.headers.content-type", "expect.logs"),
        ),
        status="failed",
        tags=("smoke", "currency"),
        description="A customer who pays in dollars gets an order in dollars, whatever the shop uses.",
    )

    before = [(f"tea-{n:03}", round(3.2 + n * 0.35, 2), 40 - n) for n in range(36)]
    after = [
        (sku, round(price * 1.19, 2) if n % 2 else price, stock)
        for n, (sku, price, stock) in enumerate(before)
    ]
    catalogue_before = [{"sku": sku, "price": price, "stock": stock} for sku, price, stock in before]
    catalogue_after = [{"sku": sku, "price": price, "stock": stock} for sku, price, stock in after]
    lines: list[DiffLine] = [DiffLine(" ", "[")]
    for (sku, price, stock), (_, new_price, _) in zip(before, after, strict=True):
        lines.append(DiffLine(" ", "  {"))
        lines.append(DiffLine(" ", f'    "sku": "{sku}",'))
        if price == new_price:
            lines.append(DiffLine(" ", f'    "price": {price},'))
        else:
            lines.append(DiffLine("-", f'    "price": {price},'))
            lines.append(DiffLine("+", f'    "price": {new_price},'))
        lines.append(DiffLine(" ", f'    "stock": {stock}'))
        lines.append(DiffLine(" ", "  },"))
    lines.append(DiffLine(" ", "]"))
    prices = record(
        PRICES,
        12,
        "lists net prices to companies",
        invocation(
            "listPrices",
            event=http_event("GET", "/prices"),
            output=http_result(200, {"prices": catalogue_after}),
            duration_ms=18.9,
            nth=1,
            init_ms=88.4,
            worker=3,
            request=21,
            init_logs="catalogue: 36 items from 2 files\n",
            mismatches=(
                MismatchRecord(
                    "expect.http.body.prices",
                    "output.body.prices",
                    "18 of 36 items differ",
                    json.dumps(catalogue_before, indent=2),
                    json.dumps(catalogue_after, indent=2),
                    PRICES,
                    19,
                    17,
                    6,
                    tuple(lines),
                ),
                MismatchRecord(
                    "expect.duration_ms",
                    "duration_ms",
                    "expected at most 15, found 18.9",
                    "at most 15",
                    "18.9",
                    PRICES,
                    21,
                    20,
                    2,
                    (),
                ),
            ),
            held=("expect.http.status",),
        ),
        status="failed",
        tags=("prices",),
    )

    crashed = record(
        QUEUE,
        40,
        "reports only the message that failed",
        invocation(
            "notify",
            event=_queue_event(10),
            ending="function error",
            error=ErrorRecord(
                "TypeError",
                "Cannot read properties of undefined (reading 'subject')",
                (
                    "TypeError: Cannot read properties of undefined (reading 'subject')",
                    "    at subjectOf (/var/task/src/templates.js:14:27)",
                    "    at render (/var/task/src/templates.js:31:18)",
                    "    at /var/task/src/notify.js:22:20",
                    "    at Array.map (<anonymous>)",
                    "    at handler (/var/task/src/notify.js:19:41)",
                    "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)",
                ),
            ),
            logs="".join(
                f"2026-03-04T09:15:28.{n:03}Z\t6f1c8a3e\tINFO\tmessage {n % 10 + 1} of 10: o-{n % 10 + 17}, "
                f"{'template order.shipped.de' if n % 3 else 'Empfängerin benachrichtigt ✓'}\n"
                for n in range(420)
            )
            + "2026-03-04T09:15:29.001Z\t6f1c8a3e\t\x1b[31mERROR\x1b[0m\tno template order.shipped.fr\n",
            duration_ms=31.7,
            worker=2,
            nth=4,
            request=14,
            held=("expect.logs[0]",),
            mismatches=(
                MismatchRecord(
                    "expect.output",
                    "output",
                    "the function raised TypeError instead of returning a result",
                    '{"batchItemFailures": [{"itemIdentifier": {"$regex": "^059f36b4"}}]}',
                    "TypeError: Cannot read properties of undefined (reading 'subject')",
                    QUEUE,
                    52,
                    7,
                    6,
                    (),
                ),
            ),
        ),
        status="failed",
        tags=("sqs", "partial-batch"),
    )

    slow = record(
        NIGHTLY,
        8,
        "aggregates a whole month",
        invocation(
            "aggregate",
            event={"month": "2026-02", "bucket": "exports-dev"},
            ending="timed out",
            error=ErrorRecord(
                "Sandbox.Timedout",
                "RequestId: 6f1c8a3e-52d7-4c11-9b0e-000000000029 Error: Task timed out after 1.00 seconds",
                (),
            ),
            logs="reading 2026-02-01\nreading 2026-02-02\nreading 2026-02-03",
            duration_ms=1000.0,
            worker=4,
            nth=1,
            init_ms=131.0,
            request=41,
        ),
        status="failed",
        tags=("nightly", "slow"),
    )

    missing = record(
        TEMPLATES,
        61,
        "renders the invoice as PDF",
        status="error",
        function="renderInvoice",
        reason="scenario needs Ruby 3.3, which isn't on this machine\n"
        "services/invoices/serverless.yml:14 says `runtime: ruby3.3`\n"
        "to install it: apt-get install ruby (Debian, Ubuntu) · brew install ruby (macOS)\n"
        "or: --missing-runtime skip",
        tags=("invoices",),
    )

    return [wrong_currency, prices, crashed, slow, missing]


def retried() -> Record:
    """A scenario that passed at its second attempt. Not in the picture: no option asks for attempts yet."""
    first_try = invocation(
        "notify",
        event=_queue_event(2),
        output={"batchItemFailures": [{"itemIdentifier": "059f36b4-87a3-44ab-83d2-000000000001"}]},
        duration_ms=12.2,
        worker=2,
        nth=9,
        request=15,
        logs="throttled by the mail service, 1 message left for later\n",
        mismatches=(
            MismatchRecord(
                "expect.output.batchItemFailures",
                "output.batchItemFailures",
                "expected 0 items, found 1",
                "[]",
                '[{"itemIdentifier": "059f36b4-87a3-44ab-83d2-000000000001"}]',
                QUEUE,
                88,
                36,
                2,
                (),
            ),
        ),
    )
    second_try = invocation(
        "notify",
        event=_queue_event(2),
        output={"batchItemFailures": []},
        duration_ms=11.8,
        worker=6,
        nth=1,
        init_ms=61.0,
        request=16,
    )
    return record(
        QUEUE,
        80,
        "tries throttled messages again",
        second_try,
        status="flaky",
        tags=("sqs",),
        attempts=(AttemptRecord("failed", (first_try,)), AttemptRecord("passed", (second_try,))),
    )


def _passing() -> list[Record]:
    found: list[Record] = []
    number = 50
    for n, (line, name, status, tags) in enumerate(
        (
            (4, "creates an order", 201, ("smoke",)),
            (44, "rejects a negative quantity", 400, ()),
            (58, "rejects an empty basket", 400, ()),
            (71, "rejects an unknown article", 404, ()),
            (85, "takes the language from the customer", 201, ("i18n",)),
            (99, "answers twice the same to the same idempotency key", 201, ("idempotency",)),
            (120, "keeps 日本語, العربية and emoji 🍵 in comments", 201, ("i18n",)),
        )
    ):
        number += 1
        body = {
            "items": [{"sku": "tea-green-100", "quantity": n - 1}],
            "comment": "Grüße aus Köln — 日本語 🍵",
        }
        found.append(
            record(
                CREATE,
                line,
                name,
                invocation(
                    event=http_event("POST", "/orders", body),
                    output=http_result(
                        status, {"id": f"o-{n + 17}"} if status == 201 else {"error": "invalid"}
                    ),
                    logs="" if status == 201 else "WARNING invalid order refused\n",
                    init_logs="" if n else "connecting to orders-test\n",
                    duration_ms=1.6 + n * 0.83,
                    init_ms=None if n else 64.2,
                    nth=n + 1,
                    request=number,
                ),
                tags=tags,
            )
        )
    for n, currency in enumerate(("EUR", "USD", "GBP", "CHF", "JPY", "SEK")):
        for amount in (0, 1, 250):
            number += 1
            found.append(
                record(
                    PRICES,
                    30,
                    f"rounds amounts [currency={currency}, amount={amount}]",
                    invocation(
                        "roundAmount",
                        event_text=f'{{"currency": "{currency}", "amount": {amount}.0, "rate": 1.10}}',
                        output={"currency": currency, "amount": f"{amount * 1.1:.2f}"},
                        duration_ms=0.41 + n * 0.07,
                        worker=1 + n % 2,
                        nth=8 + n,
                        request=number,
                    ),
                    tags=("prices",),
                )
            )
    for n, name in enumerate(
        ("finds an order", "answers 404 to an unknown id", "hides orders of other customers")
    ):
        number += 1
        found.append(
            record(
                FETCH,
                5 + n * 15,
                name,
                invocation(
                    "getOrder",
                    event=http_event("GET", f"/orders/o-{17 + n}"),
                    output=http_result(404 if n else 200, {"error": "not found"} if n else {"id": "o-17"}),
                    duration_ms=3.3 + n,
                    nth=20 + n,
                    request=number,
                ),
                tags=("smoke",) if not n else (),
            )
        )
    for n, language in enumerate(("de", "en", "fr", "ja", "ar", "pt-BR")):
        number += 1
        found.append(
            record(
                TEMPLATES,
                9,
                f"renders the mail of a shipped order [language={language}]",
                invocation(
                    "renderTemplate",
                    event={"template": "order.shipped", "language": language},
                    output={
                        "subject": (
                            "Unterwegs",
                            "On its way",
                            "En route",
                            "発送しました",
                            "في الطريق",
                            "A caminho",
                        )[n]
                    },
                    duration_ms=5.5 + n * 0.4,
                    worker=2,
                    nth=n + 2,
                    request=number,
                ),
                tags=("i18n",),
            )
        )
    number += 1
    found.append(
        record(
            NIGHTLY,
            30,
            "gives up where the export is missing",
            invocation(
                "aggregate",
                event={"month": "2025-13", "bucket": "exports-dev"},
                ending="function error",
                error=ErrorRecord(
                    "ExportMissing",
                    "no export of 2025-13 in exports-dev",
                    (
                        '  File "/var/task/nightly/aggregate.py", line 48, in handler\n'
                        "    export = exports.load(month)\n",
                        '  File "/var/task/nightly/exports.py", line 21, in load\n'
                        '    raise ExportMissing(f"no export of {month} in {bucket}")\n',
                    ),
                ),
                duration_ms=2.2,
                worker=4,
                nth=2,
                request=number,
            ),
            tags=("nightly",),
        )
    )
    return found


def _not_run() -> list[Record]:
    return [
        record(QUEUE, 101, "sends an e-mail", status="skipped", function="notify", reason="needs SES"),
        record(QUEUE, 118, "sends a text message", status="skipped", function="notify", reason="needs SNS"),
        record(
            NIGHTLY,
            47,
            "aggregates a whole year",
            status="not run",
            function="aggregate",
            reason=_TIME_OVER,
        ),
    ]


def sample_run() -> Run:
    """Forty-odd scenarios, in the order in which the files define them."""
    records = sorted((*_failures(), *_passing(), *_not_run()), key=lambda one: (one.file, one.line))
    return Run(
        RunInfo(
            version="0.1.0",
            started="2026-03-04T09:15:27.412Z",
            seed="7f3a91c2",
            command=(
                "lambda-scenarios",
                "run",
                "scenarios/",
                "--label",
                "python=3.11",
                "--max-time",
                "2",
                "-s",
                "it is",
            ),
            labels=(("python", "3.11"), ("stage", "dev")),
            services=(
                "orders  serverless.yml · stage dev · eu-west-1 · 5 functions",
                "notifications  serverless.yml · stage dev · eu-west-1 · 3 functions",
            ),
            jobs=2,
        ),
        (
            EnvironmentRecord(
                1,
                (
                    ("AWS_REGION", "eu-west-1"),
                    ("AWS_LAMBDA_FUNCTION_NAME", "orders-dev-createOrder"),
                    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024"),
                    ("AWS_ACCESS_KEY_ID", "***"),
                    ("AWS_SECRET_ACCESS_KEY", "***"),
                    ("IS_LOCAL", "true"),
                    ("ORDERS_TABLE", "orders-test"),
                    ("PAYMENT_API_TOKEN", "***"),
                    ("TZ", ":UTC"),
                ),
                "nobody's (made-up keys)",
            ),
            EnvironmentRecord(
                2,
                (
                    ("AWS_REGION", "eu-west-1"),
                    ("AWS_LAMBDA_FUNCTION_NAME", "notifications-dev-notify"),
                    ("IS_LOCAL", "true"),
                    ("MAIL_FROM", "shop@example.test"),
                    ("TEMPLATES", "/var/task/templates"),
                ),
                "nobody's (made-up keys)",
            ),
        ),
        tuple(records),
        RunEnd(wall_ms=2004.0, interrupted=_TIME_OVER),
    )
