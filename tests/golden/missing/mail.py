def sort(event, context):
    return event
