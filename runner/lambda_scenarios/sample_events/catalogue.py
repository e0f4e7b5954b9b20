"""Which sample events there are, by name: one line and one file of `data/` each."""

from typing import NamedTuple

from lambda_scenarios.errors import did_you_mean


class Sample(NamedTuple):
    """A sample event. `aliases` are what other programs call its source."""

    name: str
    group: str
    about: str
    aliases: tuple[str, ...] = ()


_HTTP = "HTTP"
_QUEUES = "queues and streams"
_FILES = "files"
_BUS = "EventBridge and schedules"
_USERS = "users"
_TALK = "conversations"
_OPERATIONS = "operations"

# Aliases are lower case: the events of serverless.yml and SAM, `sam local generate-event`, the services.
_ALL = (
    Sample("http-api", _HTTP, "API Gateway HTTP API, payload 2.0: GET", ("httpapi", "apigw-v2")),
    Sample("http-api-post", _HTTP, "API Gateway HTTP API, payload 2.0: POST with a JSON body"),
    Sample("http-api-v1", _HTTP, "API Gateway HTTP API, payload 1.0: GET"),
    Sample("rest-api", _HTTP, "API Gateway REST API: GET", ("http", "api", "apigateway", "aws-proxy")),
    Sample("rest-api-post", _HTTP, "API Gateway REST API: POST with a JSON body"),
    Sample("websocket", _HTTP, "API Gateway WebSocket API: a message", ("websocket-message",)),
    Sample("websocket-connect", _HTTP, "API Gateway WebSocket API: a client connects"),
    Sample("websocket-disconnect", _HTTP, "API Gateway WebSocket API: a client has gone"),
    Sample("authorizer-token", _HTTP, "authorizer of a REST API, by token", ("authorizer",)),
    Sample("authorizer-request", _HTTP, "authorizer of a REST API, by request", ("request-authorizer",)),
    Sample("authorizer-http-api", _HTTP, "authorizer of an HTTP API, payload 2.0", ("authorizer-v2",)),
    Sample("function-url", _HTTP, "Lambda function URL", ("url", "functionurl", "lambda-url")),
    Sample("alb", _HTTP, "Application Load Balancer", ("elb", "load-balancer")),
    Sample("alb-multi-value", _HTTP, "Application Load Balancer, multi-value headers"),
    Sample("vpc-lattice", _HTTP, "VPC Lattice, payload 2.0", ("vpc-lattice-v2", "lattice")),
    Sample("vpc-lattice-v1", _HTTP, "VPC Lattice, payload 1.0"),
    Sample("appsync", _HTTP, "AppSync: direct resolver", ("appsync-resolver", "graphql")),
    Sample("appsync-batch", _HTTP, "AppSync: direct resolver, a batch"),
    Sample("appsync-authorizer", _HTTP, "AppSync: authorizer"),
    Sample("appsync-events", _HTTP, "AppSync Events: published messages"),
    Sample("cloudfront-viewer-request", _HTTP, "Lambda@Edge: viewer request", ("cloudfront", "lambda-edge")),
    Sample("cloudfront-origin-request", _HTTP, "Lambda@Edge: origin request"),
    Sample("cloudfront-origin-response", _HTTP, "Lambda@Edge: origin response"),
    Sample("cloudfront-viewer-response", _HTTP, "Lambda@Edge: viewer response"),
    Sample("sqs", _QUEUES, "SQS, two messages"),
    Sample("sqs-fifo", _QUEUES, "SQS, two messages of a FIFO queue"),
    Sample("sqs-sns", _QUEUES, "SQS, two notifications of an SNS topic", ("sns-sqs",)),
    Sample("sqs-s3", _QUEUES, "SQS, two notifications of an S3 bucket", ("s3-sqs",)),
    Sample("sns", _QUEUES, "SNS notification"),
    Sample("kinesis", _QUEUES, "Kinesis data stream, two records", ("stream", "kinesis-stream")),
    Sample("kinesis-window", _QUEUES, "Kinesis data stream, tumbling window"),
    Sample("dynamodb", _QUEUES, "DynamoDB stream: insert, modify, remove", ("dynamodb-stream", "dynamo")),
    Sample("documentdb", _QUEUES, "DocumentDB change stream: insert, delete", ("docdb",)),
    Sample("msk", _QUEUES, "Kafka of Amazon MSK, two records"),
    Sample("kafka", _QUEUES, "Kafka of your own, two records", ("selfmanagedkafka", "self-managed-kafka")),
    Sample("activemq", _QUEUES, "Amazon MQ: ActiveMQ, text and bytes", ("mq", "amazon-mq")),
    Sample("rabbitmq", _QUEUES, "Amazon MQ: RabbitMQ, two messages"),
    Sample("cloudwatch-logs", _QUEUES, "CloudWatch Logs subscription", ("cloudwatchlog", "cloudwatchlogs")),
    Sample("firehose", _QUEUES, "Data Firehose transformation, two records", ("kinesis-firehose",)),
    Sample("firehose-kinesis", _QUEUES, "Data Firehose transformation, out of a Kinesis stream"),
    Sample("firehose-cloudwatch-logs", _QUEUES, "Data Firehose transformation, of CloudWatch Logs"),
    Sample("kinesis-analytics", _QUEUES, "Kinesis Data Analytics: preprocessing, two records"),
    Sample("kinesis-analytics-output", _QUEUES, "Kinesis Data Analytics: destination, two records"),
    Sample("iot", _QUEUES, "IoT Core rule: a device's own message", ("iot-rule", "iotrule")),
    Sample("iot-authorizer", _QUEUES, "IoT Core: authorizer of devices"),
    Sample("iot-provisioning", _QUEUES, "IoT Core: hook before a device is provisioned"),
    Sample("iot-button", _QUEUES, "IoT button: a click"),
    Sample("s3", _FILES, "S3: an object was put", ("s3-put",)),
    Sample("s3-delete", _FILES, "S3: an object was deleted"),
    Sample("s3-batch", _FILES, "S3 Batch Operations, schema 1.0"),
    Sample("s3-batch-v2", _FILES, "S3 Batch Operations, schema 2.0"),
    Sample("s3-object-lambda", _FILES, "S3 Object Lambda: GetObject"),
    Sample("transfer-family", _FILES, "Transfer Family: who may log in", ("sftp", "transfer")),
    Sample(
        "eventbridge",
        _BUS,
        "EventBridge: an event of your own",
        ("eventbridgerule", "cloudwatchevent", "event-bridge"),
    ),
    Sample("schedule", _BUS, "EventBridge rule with a schedule", ("scheduled-event", "cron")),
    Sample("scheduler", _BUS, "EventBridge Scheduler", ("schedulev2", "eventbridge-scheduler")),
    Sample("pipes-sqs", _BUS, "EventBridge Pipes, out of SQS", ("pipes",)),
    Sample("eventbridge-s3", _BUS, "EventBridge: S3 object created"),
    Sample("eventbridge-ec2", _BUS, "EventBridge: EC2 instance terminated", ("ec2",)),
    Sample("eventbridge-autoscaling", _BUS, "EventBridge: Auto Scaling, a new instance", ("autoscaling",)),
    Sample("eventbridge-ecs-task", _BUS, "EventBridge: ECS task stopped", ("ecs",)),
    Sample("eventbridge-ecr", _BUS, "EventBridge: ECR image pushed", ("ecr",)),
    Sample("eventbridge-codebuild", _BUS, "EventBridge: CodeBuild build failed", ("codebuild",)),
    Sample("eventbridge-codepipeline", _BUS, "EventBridge: CodePipeline execution failed"),
    Sample("eventbridge-cloudtrail", _BUS, "EventBridge: API call, by CloudTrail", ("cloudtrail",)),
    Sample("eventbridge-health", _BUS, "EventBridge: AWS Health", ("health",)),
    Sample("eventbridge-alarm", _BUS, "EventBridge: CloudWatch alarm"),
    Sample("eventbridge-stepfunctions", _BUS, "EventBridge: Step Functions execution succeeded"),
    Sample("eventbridge-guardduty", _BUS, "EventBridge: GuardDuty finding", ("guardduty",)),
    Sample(
        "cognito-pre-sign-up",
        _USERS,
        "Cognito: before sign-up",
        ("cognito", "cognitouserpool", "presignup", "pre-sign-up"),
    ),
    Sample("cognito-post-confirmation", _USERS, "Cognito: after confirmation", ("postconfirmation",)),
    Sample("cognito-pre-authentication", _USERS, "Cognito: before sign-in", ("preauthentication",)),
    Sample("cognito-post-authentication", _USERS, "Cognito: after sign-in", ("postauthentication",)),
    Sample("cognito-pre-token-generation", _USERS, "Cognito: before a token", ("pretokengeneration",)),
    Sample("cognito-pre-token-generation-v2", _USERS, "Cognito: before a token, version 2"),
    Sample("cognito-custom-message", _USERS, "Cognito: text of a message", ("custommessage",)),
    Sample("cognito-custom-email-sender", _USERS, "Cognito: sender of e-mail", ("customemailsender",)),
    Sample("cognito-custom-sms-sender", _USERS, "Cognito: sender of SMS", ("customsmssender",)),
    Sample("cognito-define-auth-challenge", _USERS, "Cognito: which challenge", ("defineauthchallenge",)),
    Sample("cognito-create-auth-challenge", _USERS, "Cognito: a challenge", ("createauthchallenge",)),
    Sample("cognito-verify-auth-challenge", _USERS, "Cognito: an answer", ("verifyauthchallengeresponse",)),
    Sample("cognito-user-migration", _USERS, "Cognito: user of another directory", ("usermigration",)),
    Sample("cognito-sync", _USERS, "Cognito Sync: data of an identity changed"),
    Sample("alexa", _TALK, "Alexa skill: an intent", ("alexaskill", "alexa-skills-kit", "alexa-intent")),
    Sample("alexa-launch", _TALK, "Alexa skill: it was opened"),
    Sample("alexa-smart-home", _TALK, "Alexa Smart Home: turn on", ("alexasmarthome",)),
    Sample("lex-v2", _TALK, "Lex V2: fulfilment", ("lex",)),
    Sample("lex-v1", _TALK, "Lex V1: fulfilment"),
    Sample("connect", _TALK, "Amazon Connect: contact flow"),
    Sample("bedrock-agent", _TALK, "Bedrock agent: action group with an API schema", ("bedrock",)),
    Sample("bedrock-agent-function", _TALK, "Bedrock agent: action group with functions"),
    Sample("ses", _TALK, "SES: e-mail received", ("email",)),
    Sample("workmail", _TALK, "WorkMail: e-mail"),
    Sample("cloudformation-create", _OPERATIONS, "custom resource: create", ("cloudformation", "custom")),
    Sample("cloudformation-update", _OPERATIONS, "custom resource: update"),
    Sample("cloudformation-delete", _OPERATIONS, "custom resource: delete"),
    Sample("cloudwatch-alarm", _OPERATIONS, "CloudWatch alarm that invokes a function"),
    Sample("cloudwatch-widget", _OPERATIONS, "CloudWatch dashboard: custom widget"),
    Sample("config-rule", _OPERATIONS, "AWS Config rule: a resource changed", ("config",)),
    Sample("config-periodic", _OPERATIONS, "AWS Config rule: periodic"),
    Sample("secretsmanager-rotation", _OPERATIONS, "Secrets Manager: rotation", ("secretsmanager",)),
    Sample("codepipeline", _OPERATIONS, "CodePipeline: a job"),
    Sample("codecommit", _OPERATIONS, "CodeCommit: a reference changed"),
    Sample("codedeploy-hook", _OPERATIONS, "CodeDeploy: hook of a deployment", ("codedeploy",)),
    Sample("step-functions", _OPERATIONS, "Step Functions: task with a callback token", ("stepfunctions",)),
    Sample("sagemaker-pre-labeling", _OPERATIONS, "SageMaker Ground Truth: before labeling", ("sagemaker",)),
)  # fmt: skip  # a table

SAMPLES = {sample.name: sample for sample in _ALL}
_BY_ANY_NAME = {**{alias: sample for sample in _ALL for alias in sample.aliases}, **SAMPLES}


def find(name: str) -> Sample | None:
    """The sample of that name or alias, whatever its case."""
    return _BY_ANY_NAME.get(name.lower())


def advice(name: str) -> tuple[str, ...]:
    """What to say where there is no sample of that name: the nearest, and where all of them stand."""
    folded = name.lower()
    # A part of a name is more likely meant than a word that looks alike.
    holding = [known for known in SAMPLES if folded and (folded in known or known in folded)]
    close = did_you_mean(folded, list(_BY_ANY_NAME))
    names = dict.fromkeys([_BY_ANY_NAME[close].name] if close else [])
    names |= dict.fromkeys(holding[:5])
    listed = "`lambda-scenarios events` lists them all"
    if not names:
        return (listed,)
    return (f"did you mean {' or '.join(f'`{one}`' for one in list(names)[:4])}?", listed)
