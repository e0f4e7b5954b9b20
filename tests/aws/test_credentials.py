"""Whose credentials a function sees: through the real program, roles assumed in moto's server."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.aws.moto_server import ACCOUNT, Moto
from tests.invoke.project import invoke, result
from tests.program import running
from tests.program.running import VERSION

ROLE = f"arn:aws:iam::{ACCOUNT}:role/orders"
OF_LAMBDA = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
APP = """\
import os
NAMES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")
def handler(event, context):
    found = {name: os.environ.get(name) for name in NAMES}
    if event:
        print("seen", *found.values())
    return found
"""
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAOFTHESHELL000000", "AWS_SECRET_ACCESS_KEY": "the-shells-own-secret-key"}


def project(directory: Path, provider: str = "", name: str = "") -> Path:
    (directory / "app.py").write_text(APP)
    (directory / "serverless.yml").write_text(
        f"service: orders\nprovider: {{name: aws, runtime: python{VERSION}, region: eu-west-1{provider}}}\n"
        f"functions:\n  keys: {{handler: app.handler{name}}}\n"
    )
    (directory / "s.yml").write_text("scenarios:\n  - {name: keys, function: keys, event: [print]}\n")
    return directory


def report(directory: Path) -> Any:
    return json.loads((directory / "reports" / "report.json").read_text())


def all_reports(directory: Path) -> str:
    return "".join(path.read_text() for path in (directory / "reports").iterdir())


class TestWithoutAws:
    def test_run_makes_them_up(self, tmp_path: Path) -> None:
        done = running.run(project(tmp_path), "run", "s.yml", env={**KEYS, "AWS_PROFILE": "work"})
        assert done.status == 0
        found = report(tmp_path)
        seen = found["results"][0]["attempts"][0]["invocations"][0]["output"]
        assert seen["AWS_ACCESS_KEY_ID"] not in KEYS.values()
        assert seen["AWS_PROFILE"] is None
        assert [e["identity"] for e in found["environments"]] == ["nobody's (made-up keys)"]

    def test_invoke_inherits_them(self, tmp_path: Path) -> None:
        found = result(invoke(project(tmp_path), "-f", "keys", env={**KEYS, "AWS_PROFILE": "work"}))
        assert found == {**KEYS, "AWS_SESSION_TOKEN": None, "AWS_PROFILE": "work"}

    def test_a_profile_wins_over_keys(self, tmp_path: Path) -> None:
        project(tmp_path, ", profile: of-the-service")
        (tmp_path / "config").write_text("[profile of-the-service]\nregion = x\n[profile 'given']\n")
        shell = {**KEYS, "AWS_CONFIG_FILE": str(tmp_path / "config")}
        of_service = result(invoke(tmp_path, "-f", "keys", env=shell))
        assert of_service == {
            "AWS_ACCESS_KEY_ID": None,
            "AWS_SECRET_ACCESS_KEY": None,
            "AWS_SESSION_TOKEN": None,
            "AWS_PROFILE": "of-the-service",
        }
        given = result(invoke(tmp_path, "-f", "keys", "--aws-profile", "given", env=shell))
        assert given["AWS_PROFILE"] == "given"

    def test_a_profile_that_is_not_there(self, tmp_path: Path) -> None:
        project(tmp_path)
        (tmp_path / "config").write_text("[default]\n[profile work]\n")
        shell = {"AWS_CONFIG_FILE": str(tmp_path / "config")}
        done = invoke(tmp_path, "-f", "keys", "--aws-profile", "wrok", env=shell)
        assert (done.status, done.stdout) == (2, "")
        assert "there is no AWS profile `wrok`" in done.stderr
        assert "did you mean `work`?" in done.stderr
        arguments = ("run", "s.yml", "--credentials", "inherit", "--aws-profile", "wrok")
        assert running.run(tmp_path, *arguments, env=shell).status == 1

    def test_run_inherits_where_asked_and_masks(self, tmp_path: Path) -> None:
        done = running.run(project(tmp_path), "run", "s.yml", "--credentials", "inherit", env=KEYS)
        assert done.status == 0
        assert report(tmp_path)["environments"][0]["identity"] == "the user's (keys of the shell)"
        assert not any(value in all_reports(tmp_path) + done.stdout for value in KEYS.values())

    def test_keys_of_files_are_masked_too(self, tmp_path: Path) -> None:
        project(tmp_path)
        file = tmp_path / "credentials"
        file.write_text(
            "[work]\naws_access_key_id=AKIAOFTHEFILE0000000\naws_secret_access_key = of+the/file\n"
        )
        (tmp_path / "app.py").write_text(
            "import os\ndef handler(event, context):\n"
            "    print(open(os.environ['AWS_SHARED_CREDENTIALS_FILE']).read())\n"
        )
        environ = {"AWS_SHARED_CREDENTIALS_FILE": str(file)}
        done = running.run(tmp_path, "run", "s.yml", "--credentials", "inherit", env=environ)
        assert done.status == 0
        logs = report(tmp_path)["results"][0]["attempts"][0]["invocations"][0]["logs"]
        assert "aws_secret_access_key = ***" in logs
        assert "of+the/file" not in all_reports(tmp_path)
        assert "AKIAOFTHEFILE0000000" not in all_reports(tmp_path)

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (("--assume-role", "orders"), "takes the ARN of a role, not `orders`"),
            (("--assume-role", ROLE, "--credentials", "none"), "contradict each other"),
        ],
    )
    def test_options_that_make_no_sense(self, tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
        done = running.run(project(tmp_path), "run", "s.yml", *arguments)
        assert done.status == 2
        assert told in done.stderr


class TestRole:
    def test_of_the_service_file(self, moto: Moto, tmp_path: Path) -> None:
        project(tmp_path, f", iam: {{role: '{ROLE}'}}")
        done = running.run(tmp_path, "run", "s.yml", "--credentials", "role", env=moto.environ)
        assert done.status == 0, done
        found = report(tmp_path)
        assert [e["identity"] for e in found["environments"]] == [f"the role {ROLE}"]
        variables = found["environments"][0]["variables"]
        assert [variables[name] for name in KEYS] == ["***", "***"]
        invocation = found["results"][0]["attempts"][0]["invocations"][0]
        # The function has them, as it printed; no report does.
        assert invocation["logs"] == "seen *** *** *** None\n"
        assert set(invocation["output"].values()) == {"***", None}
        assert re.search(r"ASIA[A-Z0-9]{10}", all_reports(tmp_path) + done.stdout) is None

    def test_by_a_scenario(self, moto: Moto, tmp_path: Path) -> None:
        project(tmp_path, f", iam: {{role: '{ROLE}'}}")
        text = (tmp_path / "s.yml").read_text()
        (tmp_path / "s.yml").write_text(text.replace("function:", "credentials: role, function:"))
        assert running.run(tmp_path, "run", "s.yml", env=moto.environ).status == 0
        assert report(tmp_path)["environments"][0]["identity"] == f"the role {ROLE}"

    def test_given_wins(self, moto: Moto, tmp_path: Path) -> None:
        project(tmp_path, f", iam: {{role: '{ROLE}'}}")
        arguments = ("run", "s.yml", "--assume-role", ROLE + "-other")
        assert running.run(tmp_path, *arguments, env=moto.environ).status == 0
        assert report(tmp_path)["environments"][0]["identity"] == f"the role {ROLE}-other"

    def test_invoke(self, moto: Moto, tmp_path: Path) -> None:
        project(tmp_path, f", iam: {{role: '{ROLE}'}}")
        found = result(invoke(tmp_path, "-f", "keys", "--assume-role", env=moto.environ))
        assert found["AWS_ACCESS_KEY_ID"].startswith("ASIA")
        assert found["AWS_SESSION_TOKEN"]

    def test_of_the_deployed_function(self, moto: Moto, tmp_path: Path) -> None:
        import io
        import zipfile

        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("app.py", APP)
        moto.client("iam").create_role(RoleName="orders", AssumeRolePolicyDocument=json.dumps(OF_LAMBDA))
        moto.client("lambda").create_function(
            FunctionName="orders-dev-keys",
            Runtime="python3.11",
            Role=ROLE,
            Handler="app.handler",
            Code={"ZipFile": archive.getvalue()},
        )
        project(tmp_path)
        with moto.recorded() as asked:
            done = running.run(tmp_path, "run", "s.yml", "--assume-role", env=moto.environ)
        assert done.status == 0, done
        assert report(tmp_path)["environments"][0]["identity"] == f"the role {ROLE}"
        assert [one.service for one in asked] == ["lambda", "sts"]

    def test_that_is_not_known(self, moto: Moto, tmp_path: Path) -> None:
        done = running.run(project(tmp_path), "run", "s.yml", "--assume-role", env=moto.environ)
        assert done.status == 1
        assert "the role of `keys` isn't known: there is no function orders-dev-keys" in done.stdout
        assert "--assume-role ARN" in done.stdout
        skipping = ("run", "s.yml", "--assume-role", "--missing-runtime", "skip")
        assert running.run(tmp_path, *skipping, env=moto.environ).status == 1
        done = invoke(tmp_path, "-f", "keys", "--assume-role", env=moto.environ)
        assert (done.status, done.stdout) == (2, "")
        assert "isn't known" in done.stderr

    def test_that_trusts_lambda_alone(self, moto: Moto, tmp_path: Path) -> None:
        iam = moto.client("iam")
        iam.create_role(RoleName="orders", AssumeRolePolicyDocument=json.dumps(OF_LAMBDA))
        iam.create_user(UserName="maja")
        allowed = {"Effect": "Allow", "Action": ["iam:GetRole", "sts:GetCallerIdentity"], "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_user_policy(UserName="maja", PolicyName="look", PolicyDocument=document)
        key = iam.create_access_key(UserName="maja")["AccessKey"]
        environ = {
            **moto.environ,
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }
        project(tmp_path, f", iam: {{role: '{ROLE}'}}")
        _enforce(moto, 0)
        try:
            done = running.run(tmp_path, "run", "s.yml", "--assume-role", env=environ)
            invoked = invoke(tmp_path, "-f", "keys", "--assume-role", env=environ)
        finally:
            _enforce(moto, 1 << 30)
        assert done.status == 1
        assert "its trust policy names Lambda alone: add this statement" in done.stdout
        assert invoked.status == 2
        # On a line of its own, to be copied.
        for text in (done.stdout, invoked.stderr):
            (line,) = [line for line in text.splitlines() if '"sts:AssumeRole"' in line]
            statement = json.loads(line.strip().removeprefix("= "))
            assert statement["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:user/maja"}
        assert key["SecretAccessKey"] not in all_reports(tmp_path)


def _enforce(moto: Moto, after: int) -> None:
    """Whether moto judges requests by IAM's policies: from that many requests on."""
    request = urllib.request.Request(
        moto.url + "/moto-api/reset-auth",
        data=str(after).encode(),
        method="POST",
        headers={"Content-Type": "text/plain"},
    )
    urllib.request.urlopen(request).close()
