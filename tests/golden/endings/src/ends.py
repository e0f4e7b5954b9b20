import os
import sys
import time


def handler(event, context):
    print("about to", event["do"])
    if event["do"] == "sleep":
        time.sleep(60)
    if event["do"] == "exit":
        sys.exit(3)
    if event["do"] == "die":
        os.abort()
    if event["do"] == "return a set":
        return {1}
    if event["do"] == "return too much":
        return "x" * 6_300_000
    return None
