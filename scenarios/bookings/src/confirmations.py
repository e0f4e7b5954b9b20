"""Letters to guests, for booking requests from a queue; and what is tidied up at night."""

import json
import os

import rates


def handler(event, context):
    failed = []
    for record in event["Records"]:
        try:
            booking = json.loads(record["body"])
            letter = write(booking)
        except (ValueError, KeyError) as error:
            print(f"{record['messageId']}: {type(error).__name__}: {error}")
            failed.append({"itemIdentifier": record["messageId"]})
            continue
        print(json.dumps({"level": "INFO", "message": "confirmed", "letter": letter}))
    return {"batchItemFailures": failed}


def write(booking):
    price = rates.price(booking["room"], booking["nights"], booking["currency"])
    return {
        "from": os.environ["SENDER"],
        "to": booking["guest"],
        "topic": os.environ["TOPIC"],
        "text": f"{booking['nights']} nights, {booking['room']}: {price:.2f} {booking['currency']}",
    }


def cleanup(event, context):
    return {"table": os.environ["BOOKINGS_TABLE"], "function": context.function_name}
