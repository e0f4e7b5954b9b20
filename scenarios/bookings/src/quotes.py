"""GET /quotes?room=double&nights=2&currency=USD"""

import json
import os

import rates

CURRENCIES = os.environ["CURRENCIES"].split()
MAX_NIGHTS = int(os.environ["MAX_NIGHTS"])


def handler(event, context):
    asked = event.get("queryStringParameters") or {}
    room, currency = asked.get("room", "double"), asked.get("currency", CURRENCIES[0])
    nights = asked.get("nights", "1")
    if room not in rates.NIGHT:
        return answer(404, {"message": f"there is no room {room}"})
    if currency not in CURRENCIES:
        return answer(400, {"message": f"pay in one of {', '.join(CURRENCIES)}"})
    if not nights.isdigit() or not 1 <= int(nights) <= MAX_NIGHTS:
        return answer(400, {"message": f"from 1 to {MAX_NIGHTS} nights"})
    return answer(200, {"room": room, "price": rates.price(room, int(nights), currency), "currency": currency})


def answer(status, body):
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
