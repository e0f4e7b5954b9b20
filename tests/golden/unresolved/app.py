def good(event, context):
    return event
