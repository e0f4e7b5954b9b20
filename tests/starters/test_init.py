"""`init` through the real program: what it writes is valid, fits the events, and destroys nothing."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Any

import pytest
from tests.program import running
from tests.program.running import VERSION

from lambda_scenarios.model.scenario import Case
from lambda_scenarios.pipeline import read
from lambda_scenarios.request import Suite
from lambda_scenarios.runtimes.runtime import World
from lambda_scenarios.scenarios.draft import RunSettings
from lambda_scenarios.scenarios.select import Selection

HANDLER = "def handler(event, context):\n    return {'statusCode': 200, 'body': '{}'}\n"


def project(directory: Path, files: dict[str, str]) -> Path:
    (directory / ".git").mkdir(exist_ok=True)
    for name, text in {"app.py": HANDLER, **files}.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return directory


def serverless(functions: str, more: str = "") -> str:
    return (
        f"service: shop\nprovider:\n  name: aws\n  runtime: python{VERSION}\n  region: eu-west-1\n{more}"
        f"functions:\n{functions}"
    )


def cases(directory: Path) -> dict[str, Case]:
    """The scenarios below, ready to be executed, by their names."""
    return {case.name: case for case in _all(directory)}


def event(case: Case) -> Any:
    assert case.invocation is not None
    return json.loads(case.invocation.event)


def at(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = value[int(step)] if step.isdigit() else value[step]
    return value


SERVERLESS: dict[str, tuple[str, dict[str, Any]]] = {
    "http: GET orders/{id}": (
        "answers GET /orders/{id}",
        {"httpMethod": "GET", "path": "/orders/1", "pathParameters.id": "1", "resource": "/orders/{id}"},
    ),
    "http: {method: post, path: /orders}": (
        "answers POST /orders",
        {"httpMethod": "POST", "path": "/orders"},
    ),
    "http: {method: any, path: 'files/{name+}'}": (
        "answers GET /files/{name+}",
        {"path": "/files/example", "pathParameters.name": "example"},
    ),
    "httpApi: '*'": ("answers GET /", {"rawPath": "/", "version": "2.0"}),
    "httpApi: PUT /orders/{orderId}": (
        "answers PUT /orders/{orderId}",
        {"requestContext.http.method": "PUT", "rawPath": "/orders/1", "pathParameters.orderId": "1"},
    ),
    "httpApi: {method: DELETE, path: '/${self:provider.region}'}": (
        "answers DELETE /eu-west-1",
        {"routeKey": "DELETE /eu-west-1"},
    ),
    "websocket: $connect": ("answers a client connects", {"requestContext.eventType": "CONNECT"}),
    "websocket: {route: hello}": (
        "answers message for hello",
        {"requestContext.routeKey": "hello", "body": '{"action":"hello"}'},
    ),
    "alb: {listenerArn: x, priority: 1, conditions: {path: /orders, method: [GET]}}": (
        "answers GET /orders of the load balancer",
        {"path": "/orders", "httpMethod": "GET"},
    ),
    "s3: photos": ("takes an object of photos was made", {"Records.0.s3.bucket.name": "photos"}),
    "s3: {bucket: p, event: 's3:ObjectRemoved:*', rules: [{prefix: in/}, {suffix: .jpg}]}": (
        "takes an object of p was removed",
        {"Records.0.eventName": "ObjectRemoved:Delete", "Records.0.s3.object.key": "in/example.jpg"},
    ),
    "schedule: rate(1 day)": ("takes rate(1 day)", {"detail-type": "Scheduled Event"}),
    "schedule: {rate: [cron(0 1 * * ? *)], input: {job: '{{ x }}', n: 1}}": (
        "takes cron(0 1 * * ? *)",
        {"job": "{{ x }}", "n": 1},
    ),
    "schedule: {rate: rate(1 hour), method: scheduler}": ("takes rate(1 hour)", {"source": "aws.scheduler"}),
    "sns: arn:aws:sns:eu-west-1:123456789012:alerts": (
        "takes a notification of alerts",
        {"Records.0.Sns.TopicArn": "arn:aws:sns:eu-west-1:123456789012:alerts"},
    ),
    "sqs: arn:aws:sqs:eu-west-1:123456789012:jobs.fifo": (
        "takes messages of jobs.fifo",
        {"Records.1.eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:jobs.fifo"},
    ),
    "sqs: {arn: {Fn::GetAtt: [Queue, Arn]}}": (
        "takes messages of a queue",
        {"Records.0.awsRegion": "eu-west-1"},
    ),
    "sqs: ${cf:other.QueueArn}": ("takes messages of a queue", {"Records.0.eventSource": "aws:sqs"}),
    "stream: arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/x": (
        "takes changes of orders",
        {"Records.0.eventName": "INSERT"},
    ),
    "stream: {type: kinesis, arn: {Fn::GetAtt: [S, Arn]}}": (
        "takes records of a stream",
        {"Records.0.eventSource": "aws:kinesis"},
    ),
    "eventBridge: {pattern: {source: [shop], detail-type: [Paid]}}": (
        "takes Paid",
        {"source": "shop", "detail-type": "Paid"},
    ),
    "eventBridge: {pattern: {source: [aws.s3]}}": ("takes aws.s3", {"detail.bucket.name": "shop-uploads"}),
    "cloudwatchEvent: {event: {source: [aws.ec2], detail-type: [EC2 Instance State-change Notification]}}": (
        "takes EC2 Instance State-change Notification",
        {"detail.state": "terminated"},
    ),
    "cognitoUserPool: {pool: p, trigger: PostConfirmation}": (
        "takes Cognito: PostConfirmation",
        {"triggerSource": "PostConfirmation_ConfirmSignUp"},
    ),
    "cloudFront: {eventType: origin-request, origin: x}": (
        "takes CloudFront: origin-request",
        {"Records.0.cf.config.eventType": "origin-request"},
    ),
    "cloudwatchLog: /aws/lambda/x": ("takes lines of a log", {"awslogs.data": ...}),
    "iot: {sql: SELECT 1}": ("takes a device's message", {"deviceId": "sensor-7"}),
    "msk: {arn: x, topic: t}": ("takes records of Kafka", {"eventSource": "aws:kafka"}),
    "kafka: {topic: t, bootstrapServers: []}": (
        "takes records of Kafka",
        {"eventSource": "SelfManagedKafka"},
    ),
    "rabbitmq: {arn: x, queue: q}": ("takes messages of RabbitMQ", {"eventSource": "aws:rmq"}),
    "activemq: {arn: x, queue: q}": ("takes messages of ActiveMQ", {"eventSource": "aws:mq"}),
    "alexaSkill: x": ("takes an intent of the Alexa skill", {"request.type": "IntentRequest"}),
    "madeUp: {by: a plugin}": ("returns", {}),
}


def test_every_event_of_a_serverless_file_has_its_sample(tmp_path: Path) -> None:
    functions = "".join(
        f"  f{number}:\n    handler: app.handler\n    events:\n      - {written}\n"
        for number, written in enumerate(SERVERLESS)
    )
    project(tmp_path, {"serverless.yml": serverless(functions)})
    done = running.run(tmp_path, "init")
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "next: lambda-scenarios run"
    by_function = {case.function: case for case in _all(tmp_path)}
    for number, (written, (name, places)) in enumerate(SERVERLESS.items()):
        case = by_function[f"f{number}"]
        assert case.name == name, written
        for path, value in places.items():
            assert value in (..., at(event(case), path)), written
    ran = running.run(tmp_path, "run")
    assert ran.status == 0, ran.stdout + ran.stderr


def test_several_events_are_several_scenarios(tmp_path: Path) -> None:
    functions = (
        "  one:\n    handler: app.handler\n    url: true\n    events:\n"
        "      - http: GET a\n      - httpApi: GET /a\n      - other: 1\n"
    )
    project(tmp_path, {"serverless.yml": serverless(functions)})
    assert running.run(tmp_path, "init").status == 0
    assert set(cases(tmp_path)) == {
        "answers GET /a",
        "answers GET /a (2)",
        "answers POST to the function URL",
    }


def test_payload_1_0_is_known(tmp_path: Path) -> None:
    functions = "  one:\n    handler: app.handler\n    events: [{httpApi: 'POST /a'}]\n"
    more = "  httpApi: {payload: '1.0'}\n"
    project(tmp_path, {"serverless.yml": serverless(functions, more)})
    assert running.run(tmp_path, "init").status == 0
    assert event(cases(tmp_path)["answers POST /a"])["version"] == "1.0"


SAM = f"""\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Own: {{Type: String, Default: v1}}
Globals:
  Function: {{Runtime: python{VERSION}, Handler: app.handler, CodeUri: .}}
Resources:
  Jobs: {{Type: AWS::SQS::Queue, Properties: {{FifoQueue: true}}}}
  Get:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Api: {{Type: Api, Properties: {{Method: get, Path: '/orders/{{id}}'}}}}
        Http: {{Type: HttpApi}}
  Url:
    Type: AWS::Serverless::Function
    Properties: {{FunctionUrlConfig: {{AuthType: NONE}}}}
  Work:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Jobs: {{Type: SQS, Properties: {{Queue: !GetAtt Jobs.Arn}}}}
        Daily: {{Type: Schedule, Properties: {{Schedule: rate(1 day), Input: '{{"job": 1}}'}}}}
        Paid: {{Type: EventBridgeRule, Properties: {{Pattern: {{source: [!Ref Own], detail-type: [Paid]}}}}}}
        User: {{Type: Cognito, Properties: {{UserPool: !Ref Pool, Trigger: CustomMessage}}}}
        Files: {{Type: S3, Properties: {{Bucket: !Ref Bucket, Events: 's3:ObjectCreated:*'}}}}
  Idle:
    Type: AWS::Serverless::Function
"""


def test_the_events_of_sam(tmp_path: Path) -> None:
    project(tmp_path, {"template.yaml": SAM})
    done = running.run(tmp_path, "init")
    assert (done.status, done.stderr) == (0, "")
    found = cases(tmp_path)
    assert event(found["answers GET /orders/{id}"])["pathParameters"] == {"id": "1"}
    assert event(found["answers GET /"])["version"] == "2.0"
    assert "MessageGroupId" in event(found["takes messages of Jobs"])["Records"][0]["attributes"]
    assert event(found["takes rate(1 day)"]) == {"job": 1}
    assert event(found["takes Paid"])["detail-type"] == "Paid"
    assert event(found["takes Cognito: CustomMessage"])["triggerSource"] == "CustomMessage_SignUp"
    assert event(found["takes objects of Bucket"])["Records"][0]["eventSource"] == "aws:s3"
    assert event(found["returns"]) == {}


RAW: dict[str, Any] = {
    "Resources": {
        "Fn": {
            "Type": "AWS::Lambda::Function",
            "Properties": {"Runtime": f"python{VERSION}", "Handler": "app.handler", "Code": "."},
        },
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {}},
        "Mapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "FunctionName": {"Ref": "Fn"},
                "EventSourceArn": {"Fn::GetAtt": ["Table", "StreamArn"]},
            },
        },
        "Nightly": {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(1 day)"}},
        "MayNightly": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": {"Fn::GetAtt": ["Fn", "Arn"]},
                "Principal": "events.amazonaws.com",
                "SourceArn": {"Fn::GetAtt": ["Nightly", "Arn"]},
            },
        },
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "api"}},
        "Orders": {
            "Type": "AWS::ApiGateway::Resource",
            "Properties": {"ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "PathPart": "orders"},
        },
        "Order": {
            "Type": "AWS::ApiGateway::Resource",
            "Properties": {"ParentId": {"Ref": "Orders"}, "PathPart": "{id}"},
        },
        "Get": {
            "Type": "AWS::ApiGateway::Method",
            "Properties": {
                "HttpMethod": "GET",
                "ResourceId": {"Ref": "Order"},
                "Integration": {"Uri": {"Fn::Join": ["", ["arn:x/", {"Fn::GetAtt": ["Fn", "Arn"]}, "/y"]]}},
            },
        },
        "Http": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"ProtocolType": "HTTP"}},
        "Link": {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {
                "ApiId": {"Ref": "Http"},
                "IntegrationUri": {"Fn::GetAtt": ["Fn", "Arn"]},
                "PayloadFormatVersion": "2.0",
            },
        },
        "Route": {
            "Type": "AWS::ApiGatewayV2::Route",
            "Properties": {
                "ApiId": {"Ref": "Http"},
                "RouteKey": "POST /orders",
                "Target": {"Fn::Join": ["", ["integrations/", {"Ref": "Link"}]]},
            },
        },
    }
}


def test_resources_beside_the_function_tell_too(tmp_path: Path) -> None:
    project(tmp_path, {"template.json": json.dumps(RAW)})
    assert running.run(tmp_path, "init").status == 0
    found = cases(tmp_path)
    assert set(found) == {
        "takes changes of Table",
        "takes rate(1 day)",
        "answers GET /orders/{id}",
        "answers POST /orders",
    }
    assert event(found["answers GET /orders/{id}"])["path"] == "/orders/1"


OTHERS = """\
  Pool:
    Type: AWS::Cognito::UserPool
    Properties:
      LambdaConfig:
        PostConfirmation: !GetAtt Confirmed.Arn
        PreTokenGenerationConfig: {LambdaArn: !GetAtt Token.Arn, LambdaVersion: V2_0}
  Source:
    Type: AWS::AppSync::DataSource
    Properties: {Type: AWS_LAMBDA, LambdaConfig: {LambdaFunctionArn: !GetAtt Field.Arn}}
  Delivery:
    Type: AWS::KinesisFirehose::DeliveryStream
    Properties:
      ExtendedS3DestinationConfiguration:
        ProcessingConfiguration:
          Processors: [{Parameters: [{ParameterName: LambdaArn, ParameterValue: !GetAtt Transform.Arn}]}]
  Made: {Type: Custom::Made, Properties: {ServiceToken: !GetAtt Custom.Arn}}
  Described:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Body:
        paths:
          /orders/{id}:
            parameters: []
            get: {x-amazon-apigateway-integration: {uri: !Sub 'arn:aws:apigateway:x/${Get.Arn}/invocations'}}
  Http:
    Type: AWS::Serverless::HttpApi
    Properties:
      DefinitionBody:
        paths:
          /orders:
            post: {x-amazon-apigateway-integration: {uri: !GetAtt Post.Arn, payloadFormatVersion: '2.0'}}
"""
BY_OTHERS = {
    "Confirmed": ("takes Cognito: PostConfirmation", ("triggerSource", "PostConfirmation_ConfirmSignUp")),
    "Token": ("takes Cognito: PreTokenGenerationConfig", ("version", "2")),
    "Field": ("takes a field of a GraphQL API", ("prev", None)),
    "Transform": ("takes records of Data Firehose", ("region", "us-east-1")),
    "Custom": ("takes a custom resource that is made", ("RequestType", "Create")),
    "Get": ("answers GET /orders/{id}", ("path", "/orders/1")),
    "Post": ("answers POST /orders", ("rawPath", "/orders")),
}


def test_what_other_resources_invoke(tmp_path: Path) -> None:
    code = f"Handler: app.handler, CodeUri: ., Runtime: python{VERSION}"
    functions = "".join(
        f"  {key}: {{Type: 'AWS::Serverless::Function', Properties: {{{code}}}}}\n" for key in BY_OTHERS
    )
    text = f"Transform: AWS::Serverless-2016-10-31\nResources:\n{functions}{OTHERS}"
    project(tmp_path, {"template.yaml": text})
    assert running.run(tmp_path, "init").status == 0
    found = {case.function: (case.name, event(case)) for case in _all(tmp_path)}
    assert {
        key: (name, (path, one[path]))
        for key, (_, (path, _)) in BY_OTHERS.items()
        for name, one in [found[key]]
    } == BY_OTHERS


def test_authorizers_get_requests_to_be_authorized(tmp_path: Path) -> None:
    apis = (
        "  httpApi:\n    authorizers:\n      simple: {type: request, functionName: http}\n"
        "      old: {type: request, functionName: http1, payloadVersion: '1.0'}\n"
    )
    functions = "".join(f"  {key}: {{handler: app.handler}}\n" for key in AUTHORIZERS)
    project(tmp_path, {"serverless.yml": serverless(functions + GUARDED, apis)})
    assert running.run(tmp_path, "init").status == 0
    found = {
        case.function: event(case)
        for case in _all(tmp_path)
        if case.name == "takes a request to be authorized"
    }
    assert {key: (one.get("version"), one["type"]) for key, one in found.items()} == AUTHORIZERS
    assert running.run(tmp_path, "run").status == 0


def test_authorizers_of_templates(tmp_path: Path) -> None:
    code = f"Handler: app.handler, CodeUri: ., Runtime: python{VERSION}"
    functions = "".join(
        f"  {key}: {{Type: 'AWS::Serverless::Function', Properties: {{{code}}}}}\n"
        for key in TEMPLATE_AUTHORIZERS
    )
    project(
        tmp_path, {"template.yaml": f"Transform: AWS::Serverless-2016-10-31\nResources:\n{functions}{APIS}"}
    )
    assert running.run(tmp_path, "init").status == 0
    found = {
        case.function: event(case)
        for case in _all(tmp_path)
        if case.name == "takes a request to be authorized"
    }
    assert {key: (one.get("version"), one["type"]) for key, one in found.items()} == TEMPLATE_AUTHORIZERS


# What each authorizer gets: version and type of the event.
AUTHORIZERS = {
    "token": (None, "TOKEN"),
    "request": (None, "REQUEST"),
    "socket": (None, "REQUEST"),
    "http": ("2.0", "REQUEST"),
    "http1": (None, "REQUEST"),
}
GUARDED = """\
  guarded:
    handler: app.handler
    events:
      - http: {method: get, path: a, authorizer: token}
      - http: {method: get, path: b, authorizer: {name: token, resultTtlInSeconds: 0}}
      - http: {method: get, path: c, authorizer: {name: request, type: request}}
      - http: {method: get, path: d, authorizer: aws_iam}
      - websocket: {route: $connect, authorizer: socket}
      - httpApi: {method: GET, path: /e, authorizer: {name: simple}}
      - httpApi: {method: GET, path: /f, authorizer: {name: old}}
"""
TEMPLATE_AUTHORIZERS = {
    "Token": (None, "TOKEN"),
    "Request": (None, "REQUEST"),
    "Http": ("2.0", "REQUEST"),
    "Plain": (None, "TOKEN"),
    "PlainHttp": ("2.0", "REQUEST"),
}
APIS = """\
  Rest:
    Type: AWS::Serverless::Api
    Properties:
      Auth:
        Authorizers:
          A: {FunctionArn: !GetAtt Token.Arn}
          B: {FunctionArn: !GetAtt Request.Arn, FunctionPayloadType: REQUEST}
          C: {UserPoolArn: !GetAtt Token.Arn}
  New:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth: {Authorizers: {D: {FunctionArn: !GetAtt Http.Arn, AuthorizerPayloadFormatVersion: 2.0}}}
  E:
    Type: AWS::ApiGateway::Authorizer
    Properties: {Type: TOKEN, AuthorizerUri: !Sub 'arn:aws:apigateway:eu-west-1:lambda:path/${Plain.Arn}'}
  F:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties: {AuthorizerPayloadFormatVersion: '2.0', AuthorizerUri: !GetAtt PlainHttp.Arn}
"""


def test_no_file_is_written_over(tmp_path: Path) -> None:
    functions = "  one: {handler: app.handler}\n  two: {handler: app.handler}\n"
    project(tmp_path, {"serverless.yml": serverless(functions), "scenarios/one.yml": "mine: true\n"})
    done = running.run(tmp_path, "init")
    assert done.status == 0
    assert "scenarios/one.yml  is there already, and was left alone" in done.stdout
    assert (tmp_path / "scenarios" / "one.yml").read_text() == "mine: true\n"
    before = {path: path.read_bytes() for path in (tmp_path / "scenarios").iterdir()}
    again = running.run(tmp_path, "init")
    assert (again.status, again.stdout.splitlines()[-1]) == (
        0,
        "nothing was written; to run them: lambda-scenarios run",
    )
    assert {path: path.read_bytes() for path in (tmp_path / "scenarios").iterdir()} == before


def test_a_repository_of_several_services(tmp_path: Path) -> None:
    one = serverless("  one: {handler: app.handler}\n")
    files = {
        "services/a/serverless.yml": one,
        "services/a/app.py": HANDLER,
        "services/b/template.yaml": SAM,
        "services/b/app.py": HANDLER,
        "services/node_modules/x/serverless.yml": one,
        "services/c/serverless.yml": serverless("  {}\n"),
    }
    project(tmp_path, files)
    done = running.run(tmp_path, "init", "services")
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == (
        "next: lambda-scenarios run services/a/scenarios services/b/scenarios"
    )
    assert not (tmp_path / "services" / "node_modules" / "x" / "scenarios").exists()
    assert not (tmp_path / "services" / "c" / "scenarios").exists()
    ran = running.run(tmp_path, "run", "services/a/scenarios", "services/b/scenarios")
    assert ran.status == 0, ran.stdout + ran.stderr
    inside = running.run(tmp_path / "services" / "a", "init", "scenarios")
    assert inside.status == 0 and "one.yml  is there already" in inside.stdout


def test_odd_keys_have_files_of_their_own(tmp_path: Path) -> None:
    functions = (
        '  "a/b": {handler: app.handler}\n  "a-b": {handler: app.handler}\n  "A-B": {handler: app.handler}\n'
    )
    functions += '  "yes": {handler: app.handler}\n  "größer: #1": {handler: app.handler}\n'
    project(tmp_path, {"serverless.yml": serverless(functions)})
    assert running.run(tmp_path, "init").status == 0
    names = {path.name for path in (tmp_path / "scenarios").glob("*.yml")}
    assert names == {"a-b.yml", "a-b-2.yml", "A-B-3.yml", "yes.yml", "gr-er-1.yml"}
    assert {case.function for case in _all(tmp_path)} == {"a/b", "a-b", "A-B", "yes", "größer: #1"}


def _all(directory: Path) -> tuple[Case, ...]:
    suite = Suite((".",), Selection(), RunSettings({}, 0.0, "seed"), str(directory))
    return read(suite, World(dict(os.environ), str(directory))).cases


def test_the_editor_finds_the_schema(tmp_path: Path) -> None:
    project(tmp_path, {"serverless.yml": serverless("  one: {handler: app.handler}\n")})
    assert running.run(tmp_path, "init").status == 0
    first = (tmp_path / "scenarios" / "one.yml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=./scenario.schema.json"
    written = json.loads((tmp_path / "scenarios" / "scenario.schema.json").read_text())
    assert written == json.loads(running.run(tmp_path, "schema", "scenario").stdout)


@pytest.mark.parametrize(
    ("files", "arguments", "problem"),
    [
        ({}, (), "there is no service here, below or above"),
        ({"sub/x.txt": ""}, ("sub",), "there is no service in sub"),
        ({}, ("nowhere",), "there is no directory nowhere"),
        ({"cdk.json": "{}"}, (), "`cdk synth` makes its cdk.out"),
        ({"serverless.yml": serverless("  {}\n")}, (), "there is no function in serverless.yml"),
        ({"serverless.yml": "service: [\n"}, (), "serverless.yml:1"),
    ],
)
def test_mistakes(tmp_path: Path, files: dict[str, str], arguments: tuple[str, ...], problem: str) -> None:
    project(tmp_path, files)
    done = running.run(tmp_path, "init", *arguments)
    assert (done.status, done.stdout) == (2, "")
    assert problem in done.stderr
    assert not (tmp_path / "scenarios").exists()


def test_what_it_was_told_is_told_to_the_run(tmp_path: Path) -> None:
    project(tmp_path, {"my shop/serverless.yml": serverless("  one: {handler: app.handler}\n")})
    (tmp_path / "my shop" / "app.py").write_text(HANDLER)
    done = running.run(tmp_path, "init", "my shop", "-s", "prod", "--param", "a=b c", "--param", "d=")
    command = done.stdout.splitlines()[-1].removeprefix("next: lambda-scenarios ")
    assert shlex.split(command) == (
        ["run", "my shop/scenarios", "--stage", "prod", "--param", "a=b c", "--param", "d="]
    )
    ran = running.run(tmp_path, *shlex.split(command))
    assert (ran.status, "stage prod" in ran.stdout) == (0, True)


def test_a_broken_function_does_not_stop_the_others(tmp_path: Path) -> None:
    functions = "  one: {handler: app.handler, timeout: never}\n"
    functions += "  two: {handler: nowhere.handler, events: '${env:NOT_SET}'}\n"
    project(tmp_path, {"serverless.yml": serverless(functions)})
    done = running.run(tmp_path, "init")
    assert done.status == 0
    assert {path.name for path in (tmp_path / "scenarios").glob("*.yml")} == {"one.yml", "two.yml"}


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    project(
        tmp_path, {"serverless.yml": serverless("  one: {handler: app.handler}\n"), "scenarios": "a file\n"}
    )
    done = running.run(tmp_path, "init")
    assert (done.status, done.stdout) == (2, "")
    assert "scenarios can't be written: File exists" in done.stderr
    assert (tmp_path / "scenarios").read_text() == "a file\n"
