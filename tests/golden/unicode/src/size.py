def handler(event, context):
    print("länge von", event["text"])
    return {"text": event["text"], "length": len(event["text"])}
