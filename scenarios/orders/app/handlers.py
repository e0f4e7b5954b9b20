"""The functions behind API Gateway."""

from __future__ import annotations

import base64
import os
from datetime import datetime, timezone

from app import store
from app.logs import log
from app.responses import answer, problem
from app.validation import InvalidOrder, check, parse_body

# Missing configuration should stop a deployment, not the first customer.
BASE_URL = os.environ["BASE_URL"]


def create_order(event, context):
    """POST /orders of the REST API."""
    try:
        wanted = parse_body(event)
        check(wanted)
    except InvalidOrder as error:
        log("WARNING", "order refused", code=error.code, requestId=context.aws_request_id)
        return problem(400, error.code, str(error), error.details)
    reference = wanted.get("reference") or context.aws_request_id
    existing = store.find_reference(reference)
    if existing is not None:
        return problem(409, "duplicate", f"{reference} is already order {existing['id']}")
    cents = sum(store.CATALOGUE[item["sku"]]["cents"] * item["quantity"] for item in wanted["items"])
    order = {
        "id": "o-" + context.aws_request_id[:8],
        "reference": reference,
        "customer": wanted["customer"],
        "status": "open",
        "items": wanted["items"],
        "total": {"amount": cents / 100, "currency": wanted.get("currency", os.environ["CURRENCY"])},
        "createdAt": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if wanted.get("note"):
        order["note"] = wanted["note"]
    store.save(order)
    log("DEBUG", "priced", cents=cents, items=len(order["items"]))
    log("INFO", "order created", order=order["id"], total=order["total"], requestId=context.aws_request_id)
    url = f"{BASE_URL}/orders/{order['id']}"
    response = answer(201, order, {"Location": url})
    response["multiValueHeaders"] = {
        "Link": [f'<{url}>; rel="self"', f'<{url}/receipt>; rel="receipt"'],
        "Set-Cookie": [
            f"last_order={order['id']}; Path=/; HttpOnly; SameSite=Lax",
            "welcome=seen; Max-Age=86400",
        ],
    }
    return response


def get_order(event, context):
    """GET /orders/{id} of the REST API."""
    order_id = event["pathParameters"]["id"]
    order = store.find(order_id)
    if order is None:
        return problem(404, "not_found", f"there is no order {order_id}")
    return answer(200, order, {"Cache-Control": "private, max-age=30"})


def list_orders(event, context):
    """GET /orders of the HTTP API. It takes an object without `statusCode` for the body of a 200."""
    query = event.get("queryStringParameters") or {}
    orders = store.every(query.get("status"))
    limit = int(query.get("limit", 10))
    after = query.get("after")
    if after:
        orders = [order for order in orders if order["id"] > after]
    page = orders[:limit]
    return {"orders": page, "next": page[-1]["id"] if len(orders) > limit else None}


def cancel_order(event, context):
    """DELETE /orders/{id} of the HTTP API."""
    order_id = event["pathParameters"]["id"]
    order = store.find(order_id)
    if order is None:
        return problem(404, "not_found", f"there is no order {order_id}")
    if order["status"] != "open":
        return problem(409, "not_open", f"order {order_id} is {order['status']}")
    order["status"] = "cancelled"
    store.save(order)
    log("INFO", "order cancelled", order=order_id)
    response = answer(200, {"id": order_id, "status": "cancelled"})
    response["cookies"] = ["last_order=; Path=/; Max-Age=0"]
    return response


def receipt(event, context):
    """GET /orders/{id}/receipt of the HTTP API: a CSV file, in base64 as all that isn't text for sure."""
    order = store.find(event["pathParameters"]["id"])
    if order is None:
        return problem(404, "not_found", "there is no such order")
    lines = ["article;quantity;price"]
    for item in order["items"]:
        article = store.CATALOGUE[item["sku"]]
        lines.append(f"{article['title']};{item['quantity']};{article['cents'] / 100:.2f}")
    lines.append(f"total;;{order['total']['amount']:.2f} {order['total']['currency']}")
    return {
        "statusCode": 200,
        "headers": {
            "content-type": "text/csv",
            "content-disposition": f'attachment; filename="{order["id"]}.csv"',
        },
        "isBase64Encoded": True,
        "body": base64.b64encode("\n".join(lines).encode()).decode(),
    }
