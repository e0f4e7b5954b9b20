"""Code that stands in the template itself: written to a file, as Lambda does, once for each content."""

from __future__ import annotations

import os
from collections.abc import Mapping

from lambda_scenarios.caching import cache_directory, keep

# Lambda gives inline code a module that answers CloudFormation, for custom resources:
# docs.aws.amazon.com/lambda/latest/dg/services-cloudformation.html, "cfn-response module".
_PYTHON_RESPONSE = """\
import json
import urllib.request

SUCCESS = "SUCCESS"
FAILED = "FAILED"


def send(
    event, context, responseStatus, responseData, physicalResourceId=None, noEcho=False, reason=None
):
    answer = {
        "Status": responseStatus,
        "Reason": reason or "See the details in CloudWatch Log Stream: " + context.log_stream_name,
        "PhysicalResourceId": physicalResourceId or context.log_stream_name,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "NoEcho": noEcho,
        "Data": responseData,
    }
    request = urllib.request.Request(
        event["ResponseURL"], json.dumps(answer).encode(), {"Content-Type": ""}, method="PUT"
    )
    try:
        with urllib.request.urlopen(request) as response:
            print("Status code:", response.status)
    except Exception as error:
        print("send(..) failed executing the request:", error)
"""
_NODE_RESPONSE = """\
exports.SUCCESS = "SUCCESS";
exports.FAILED = "FAILED";

exports.send = function (event, context, responseStatus, responseData, physicalResourceId, noEcho) {
  const body = JSON.stringify({
    Status: responseStatus,
    Reason: "See the details in CloudWatch Log Stream: " + context.logStreamName,
    PhysicalResourceId: physicalResourceId || context.logStreamName,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    NoEcho: noEcho || false,
    Data: responseData,
  });
  const url = new URL(event.ResponseURL);
  const { request } = url.protocol === "http:" ? require("http") : require("https");
  const headers = { "content-type": "", "content-length": Buffer.byteLength(body) };
  const sent = request(url, { method: "PUT", headers }, (response) => {
    console.log("Status code: " + response.statusCode);
    context.done();
  });
  sent.on("error", (error) => {
    console.log("send(..) failed executing the request: " + error);
    context.done();
  });
  sent.end(body);
};
"""


def written(code: str, runtime: str, environ: Mapping[str, str]) -> str | None:
    """The absolute directory with `index.py` or `index.js`; None for runtimes that have no inline code.

    Raises OSError where the cache can't be written.
    """
    if runtime.startswith("python"):
        files = {"cfnresponse.py": _PYTHON_RESPONSE, "index.py": code}
    elif runtime.startswith("nodejs"):
        files = {"node_modules/cfn-response/index.js": _NODE_RESPONSE, "index.js": code}
    else:
        return None
    from hashlib import sha256

    digest = sha256("\0".join(part for item in files.items() for part in item).encode("utf-8", "replace"))
    directory = os.path.join(cache_directory(environ, "inline"), digest.hexdigest())
    for name, text in files.items():
        path, data = os.path.join(directory, name), text.encode("utf-8", "replace")
        if not _holds(path, data):
            keep(path, data)
    return directory


def _holds(path: str, data: bytes) -> bool:
    try:
        with open(path, "rb") as stream:
            return stream.read() == data
    except FileNotFoundError:
        return False
