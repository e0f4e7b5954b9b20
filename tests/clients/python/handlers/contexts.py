"""What the context and the environment hold."""

import os


def handler(event, context):
    context_of_client = context.client_context
    client = context_of_client and context_of_client.client
    return {
        "names": list(vars(context)),
        "fields": {
            name: getattr(context, name)
            for name in (
                "aws_request_id",
                "log_group_name",
                "log_stream_name",
                "function_name",
                "memory_limit_in_mb",
                "function_version",
                "invoked_function_arn",
                "tenant_id",
            )
        },
        "identity": repr(context.identity),
        "client_context": repr(context_of_client),
        "custom": context_of_client and context_of_client.custom,
        "installation": client and client.installation_id,
        "w3c": context.w3c(),
        "type": str(type(context)),
        "shown": repr(context),
        "remaining": [
            type(context.get_remaining_time_in_millis()).__name__,
            context.get_remaining_time_in_millis() > 0,
        ],
        "trace": os.environ.get("_X_AMZN_TRACE_ID"),
    }


def environment_changes(event, context):
    before = context.function_name
    os.environ["AWS_LAMBDA_FUNCTION_NAME"] = before + "x"
    os.environ["_X_AMZN_TRACE_ID"] = "changed"
    return before
