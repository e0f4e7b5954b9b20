def create(event, context):
    return event


get = notify = create
