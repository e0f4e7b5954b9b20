print("loading")
TABLES = {}
TABLE = TABLES["orders"]


def handler(event, context):
    return TABLE
