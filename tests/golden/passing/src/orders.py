import os
import time


def create(event, context):
    if event["amount"] < 0:
        raise ValueError("negative amount")
    print("order stored")
    return {"statusCode": 201, "body": '{"id": "o-17"}'}


def get(event, context):
    return {"id": event["id"], "table": os.environ["TABLE"]}


def cancel(event, context):
    time.sleep(60)
