"""`--changed-since`: git's changes, and the scenarios that they touch."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from lambda_scenarios.cli.main import main
from lambda_scenarios.runtimes.runtime import World
from tests.program import running
from tests.program.running import VERSION

if shutil.which("git") is None:
    pytest.skip("needs git: apt-get install git", allow_module_level=True)

IDENTITY = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
SERVICE = f"""\
service: shop
provider: {{name: aws, runtime: python{VERSION}}}
package: {{individually: true, patterns: ["!**", "lib/**"]}}
custom: ${{file(custom.yml)}}
functions:
  orders: {{handler: src/orders/app.handler, package: {{patterns: ["src/orders/**"]}}}}
  mails:
    handler: src/mails/app.handler
    environment: {{FROM: "${{self:custom.from}}"}}
    package: {{patterns: ["src/mails/**", "!src/mails/notes/**"]}}
"""
WITHOUT_PATTERNS = f"""\
service: s
provider: {{name: aws, runtime: python{VERSION}}}
functions:
  orders: {{handler: src/orders/app.handler}}
  mails: {{handler: src/mails/app.handler}}
"""
HANDLER = "def handler(event, context):\n    return event\n"
ORDERS = """\
vars: {a: 1}
x-anchors: {one: &one {n: 1}}
scenarios:
  - {name: o1, function: orders, event: {n: 1}}
  - {name: o2, function: orders, event: {n: 1.0}}
  - {name: o3, function: orders, event_path: events/o3.json}
  - {name: "o4 {{ case.n }}", function: orders, cases_path: rows.csv}
  - {name: o5, function: orders, event: "{{ read_text('texts/' ~ vars.w ~ '.txt') }}", vars: {w: t}}
  - {name: o6, function: orders, expect: {output_schema: schema.json}, event: *one}
"""
MAILS = """\
scenarios:
  - {name: m1, function: mails}
  - name: m2
    steps:
      - {id: a, function: mails, expect: {output_path: expected.json}, event: {b: 1}}
      - {id: b, function: orders, event_path: events/o3.json}
"""
ALL_ORDERS = ["o1", "o2", "o3", "o4 1", "o4 2", "o5", "o6"]
FILES = {
    "serverless.yml": SERVICE,
    "custom.yml": "from: me\n",
    "src/orders/app.py": HANDLER,
    "src/mails/app.py": HANDLER,
    "src/mails/notes/todo.txt": "-\n",
    "lib/shared.py": "",
    "README.md": "shop\n",
    "scenarios/orders.yml": ORDERS,
    "scenarios/mails.yml": MAILS,
    "scenarios/events/o3.json": "{}",
    "scenarios/expected.json": '{"b": 1}',
    "scenarios/rows.csv": "n\n1\n2\n",
    "scenarios/texts/t.txt": "hello",
    "scenarios/schema.json": "{}",
    ".gitignore": "ignored/\nreports/\n",
}


def git(directory: Path, *arguments: str) -> str:
    done = subprocess.run(
        ("git", *IDENTITY, *arguments), cwd=directory, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def write(project: Path, name: str, text: str) -> None:
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def commit(project: Path) -> None:
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "change")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("template")
    for name, text in FILES.items():
        write(project, name, text)
    git(project, "init", "--quiet", "--initial-branch", "main")
    commit(project)
    return project


@pytest.fixture
def shop(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "shop", symlinks=True))


def selected(
    project: Path, revision: str = "HEAD", *arguments: str, env: Mapping[str, str] | None = None
) -> list[str]:
    """Inside of this process, since there are many."""
    output = io.StringIO()
    world = World(running.environment(env), str(project))
    with contextlib.redirect_stdout(output):
        assert main(["list", "--json", "--changed-since", revision, *arguments], world) == 0
    return [entry["name"] for entry in json.loads(output.getvalue())]


def replaced(name: str, old: str, new: str) -> Callable[[Path], object]:
    assert old in FILES[name]
    return lambda project: write(project, name, FILES[name].replace(old, new))


def removed(name: str) -> Callable[[Path], object]:
    return lambda project: (project / name).unlink()


def moved(name: str, to: str) -> Callable[[Path], object]:
    return lambda project: (project / name).rename(project / to)


CHANGES: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "nothing": (lambda project: os.utime(project / "serverless.yml"), []),
    "what no package contains": (replaced("README.md", "shop", "Shop"), []),
    "what a package leaves out": (replaced("src/mails/notes/todo.txt", "-", "+"), []),
    "what git ignores": (lambda project: write(project, "ignored/lib/x.py", ""), []),
    "a function's code": (replaced("src/mails/app.py", "event\n", "1\n"), ["m1", "m2"]),
    "code in both packages": (replaced("lib/shared.py", "", "x = 1\n"), [*ALL_ORDERS, "m1", "m2"]),
    "a new file in a package": (
        lambda project: write(project, "src/orders/new.py", ""),
        [*ALL_ORDERS, "m2"],
    ),
    "a file of a package that is gone": (removed("lib/shared.py"), [*ALL_ORDERS, "m1", "m2"]),
    "a renamed handler": (moved("src/mails/app.py", "src/mails/other.py"), ["m1", "m2"]),
    "the service file": (replaced("serverless.yml", "shop", "store"), [*ALL_ORDERS, "m1", "m2"]),
    "what it includes": (replaced("custom.yml", "me", "you"), [*ALL_ORDERS, "m1", "m2"]),
    "one scenario of its file": (replaced("scenarios/orders.yml", "o2", "o2b"), ["o2b"]),
    "how a number is written": (replaced("scenarios/orders.yml", "1.0", "1.00"), ["o2"]),
    "comments and order": (
        lambda project: write(
            project,
            "scenarios/mails.yml",
            "# new\nscenarios:\n"
            + MAILS.partition("m1, function: mails}\n")[2]
            + "  - {name: m1, function: mails} # the same\n",
        ),
        [],
    ),
    "an anchor": (replaced("scenarios/orders.yml", "{n: 1}}\nscen", "{n: 2}}\nscen"), ["o6"]),
    "what all of a file share": (replaced("scenarios/orders.yml", "{a: 1}", "{a: 2}"), ALL_ORDERS),
    "a scenario file that is no YAML then": (replaced("scenarios/mails.yml", "m1", "m1x"), ["m1x"]),
    "a renamed scenario file": (moved("scenarios/mails.yml", "scenarios/post.yml"), ["m1", "m2"]),
    "an event": (replaced("scenarios/events/o3.json", "{}", "[]"), ["o3", "m2"]),
    "rows of cases": (replaced("scenarios/rows.csv", "2", "3"), ["o4 1", "o4 3"]),
    "a text that a template reads": (replaced("scenarios/texts/t.txt", "hello", "bye"), ["o5"]),
    "an expected result": (replaced("scenarios/expected.json", "1", "2"), ["m2"]),
    "a schema": (replaced("scenarios/schema.json", "{}", "true"), ["o6"]),
    "defaults of a directory": (
        lambda project: write(project, "scenarios/_defaults.yml", "defaults: {tags: [new]}\n"),
        [*ALL_ORDERS, "m1", "m2"],
    ),
    "a snapshot of none": (
        lambda project: write(project, "scenarios/__snapshots__/mails.yml.json", "{}"),
        [],
    ),
}
# In the order of the files.
ORDER = ["m1", "m1x", "m2", "o1", "o2", "o2b", "o3", "o4 1", "o4 2", "o4 3", "o5", "o6"]


@pytest.mark.parametrize("name", CHANGES)
def test_what_a_change_touches(shop: Path, name: str) -> None:
    change, expected = CHANGES[name]
    change(shop)
    assert selected(shop) == sorted(expected, key=ORDER.index)
    if git(shop, "status", "--porcelain"):
        commit(shop)
        assert selected(shop, "HEAD") == []
        assert selected(shop, "HEAD~1") == sorted(expected, key=ORDER.index), "committed, it is the same"


def test_a_run_of_what_changed(shop: Path) -> None:
    done = running.run(shop, "run", "--changed-since", "HEAD")
    assert done.status == 0
    assert json.loads((shop / "reports" / "report.json").read_text())["results"] == []
    replaced("scenarios/orders.yml", "o2", "o2b")(shop)
    done = running.run(shop, "run", "--changed-since", "HEAD", "--shard", "1/1")
    assert done.status == 0
    assert "--changed-since HEAD: 1 of 9 scenarios" in done.stderr
    assert "1 passed" in done.stdout


def test_a_branch_is_compared_with_where_it_left_the_other(shop: Path) -> None:
    git(shop, "checkout", "--quiet", "-b", "mine")
    replaced("scenarios/orders.yml", "o2", "o2b")(shop)
    commit(shop)
    git(shop, "checkout", "--quiet", "main")
    replaced("src/mails/app.py", "event\n", "1\n")(shop)
    commit(shop)
    git(shop, "checkout", "--quiet", "mine")
    assert selected(shop, "main") == ["o2b"]


def test_code_without_patterns_is_all_but_scenarios_and_what_they_name(shop: Path) -> None:
    """Everything of a service's directory goes into its package: scenarios as well, which are no code."""
    write(shop, "serverless.yml", WITHOUT_PATTERNS)
    commit(shop)
    replaced("scenarios/events/o3.json", "{}", "[]")(shop)
    assert selected(shop) == ["m2", "o3"]
    replaced("scenarios/orders.yml", "o2", "o2b")(shop)
    assert selected(shop) == ["m2", "o2b", "o3"]
    write(shop, "anything.txt", "")
    assert len(selected(shop)) == 9


PLAIN = {
    "event.json": "{name: p1, function: orders, event_path: event.json}",
    "context.json": "{name: p2, function: orders, context_path: context.json}",
    "output.txt": "{name: p3, function: orders, expect: {output_path: output.txt}}",
    "schema.json": "{name: p4, function: orders, expect: {output_schema: schema.json}}",
    "rows.json": "{name: p5, function: orders, cases_path: rows.json}",
    "step.json": "{name: p6, steps: [{id: a, function: orders, event_path: step.json}]}",
    "in_step.json": "{name: p7, steps: [{id: a, function: orders, expect: {output_schema: in_step.json}}]}",
}


def test_each_key_that_names_a_file_in_a_suite_without_templates(shop: Path) -> None:
    for name in PLAIN:
        write(shop, f"plain/{name}", '[{"a": 1}]' if name == "rows.json" else "{}")
    write(shop, "plain/s.yml", "scenarios:\n" + "".join(f"  - {one}\n" for one in PLAIN.values()))
    commit(shop)
    for number, name in enumerate(PLAIN, 1):
        write(shop, f"plain/{name}", '[{"a": 2}]' if name == "rows.json" else "{ }")
        found = [name.partition(" ")[0] for name in selected(shop, "HEAD", "plain")]
        assert set(found) == {f"p{number}"}
        git(shop, "checkout", "--quiet", ".")


@pytest.mark.parametrize("configured", [False, True])
def test_what_runs_leave_is_no_change(shop: Path, configured: bool) -> None:
    """In a package with everything in it, and with nothing that git is told to ignore."""
    write(shop, "serverless.yml", WITHOUT_PATTERNS)
    write(shop, "src/orders/app.py", "from . import more\n" + HANDLER)
    write(shop, "src/orders/more.py", "")
    if configured:
        write(shop, "lambda-scenarios.yml", "report_dir: out/of it\nhistory: kept\njunit: junit.xml\n")
    (shop / ".gitignore").unlink()
    commit(shop)
    done = running.run(shop, "run", "scenarios", env={"PYTHONDONTWRITEBYTECODE": ""})
    assert done.status == 0, done.stdout
    left = git(shop, "status", "--porcelain", "--untracked-files=all")
    assert "__pycache__" in left and ("out/of it/report.json" if configured else "reports/junit.xml") in left
    assert not configured or ("kept/" in left and " junit.xml" in left)
    assert selected(shop) == []
    write(shop, "reports/data.json", "{}")
    assert len(selected(shop)) == 9, "a file beside results may be code"


def test_reports_of_timings_and_the_output_are_no_change(shop: Path) -> None:
    write(shop, "serverless.yml", SERVICE.replace("package:", "x-package:"))
    commit(shop)
    assert running.run(shop, "run", "--json", "timings/report.json", "--report-dir", "reports").status == 0
    matrix = ("matrix", "--changed-since", "HEAD", "--shards", "2", "--timings", "timings/report.json")
    with (shop / "matrix.json").open("w") as output:
        command = (*running.PROGRAM, *matrix)
        subprocess.run(command, cwd=shop, env=running.environment(), stdout=output, check=True)
    assert json.loads((shop / "matrix.json").read_text()) == []


def test_what_has_no_end_is_not_read(shop: Path) -> None:
    (shop / "scenarios" / "endless.yml").symlink_to("/dev/zero")
    os.mkfifo(shop / "scenarios" / "pipe.yml")
    write(shop, "src/mails/app.py", HANDLER + "x = 1\n")
    done = running.run(shop, "list", "--changed-since", "HEAD")
    assert (done.status, done.stdout.count("::")) == (0, 2), done


def test_a_project_below_the_repository_s_top_and_links(shop: Path) -> None:
    top = shop.parent / "top"
    (top / "shared").mkdir(parents=True)
    shutil.rmtree(shop / ".git")
    shop.rename(top / "shop")
    write(top, "shared/x.py", "")
    (top / "shop" / "src" / "mails" / "linked").symlink_to("../../../shared")
    git(top, "init", "--quiet", "--initial-branch", "main")
    commit(top)
    write(top, "shared/x.py", "x = 1\n")
    write(top, "elsewhere.txt", "")
    (shop.parent / "link").symlink_to("top/shop")
    assert selected(top / "shop") == ["m1", "m2"]
    assert selected(shop.parent / "link") == ["m1", "m2"]


def test_of_other_repositories_inside_all_files_count(shop: Path) -> None:
    library = shop.parent / "library"
    write(library, "x.py", "")
    git(library, "init", "--quiet", "--initial-branch", "main")
    commit(library)
    git(
        shop, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../library", "src/mails/lib"
    )
    commit(shop)
    assert selected(shop) == []
    write(shop, "src/mails/lib/x.py", "x = 1\n")
    assert selected(shop) == ["m1", "m2"]
    git(shop / "src" / "mails" / "lib", "checkout", "--quiet", ".")
    shutil.copytree(library, shop / "src" / "mails" / "notes" / "another")
    assert selected(shop) == [], "it is none of what a package contains"
    shutil.move(shop / "src" / "mails" / "notes" / "another", shop / "src" / "orders")
    assert selected(shop) == ["m2", *ALL_ORDERS]


def write_built(shop: Path) -> None:
    """A scenario whose function is in a directory that git ignores."""
    write(
        shop,
        "scenarios/built.yml",
        f"functions: {{built: {{handler: app.handler, runtime: python{VERSION}, code: ../ignored}}}}\n"
        "service: null\nscenarios: [{name: built, function: built}]\n",
    )
    write(shop, "ignored/app.py", HANDLER)
    commit(shop)


def test_what_a_build_makes_and_git_ignores_is_made_of_everything(shop: Path) -> None:
    write_built(shop)
    assert "built" not in selected(shop)
    write(shop, "scenarios/notes.txt", "")
    assert "built" in selected(shop)


def test_what_git_ignores_outside_of_a_service_is_made_of_anything_in_the_project(shop: Path) -> None:
    write_built(shop)
    write(shop, "README.md", "what it is compiled from\n")
    assert selected(shop) == ["built"]


def test_layers_in_archives_and_those_that_git_ignores(shop: Path) -> None:
    service = SERVICE.replace(
        "handler: src/orders/app.handler",
        "handler: src/orders/app.handler, layers: [{Ref: ZippedLambdaLayer}]",
    ).replace(
        "    handler: src/mails/app.handler\n", "    handler: src/mails/app.handler\n    layers: *made\n"
    )
    layers = "layers: {zipped: {package: {artifact: layer.zip}}, made: {path: ignored/made}}\n"
    write(shop, "serverless.yml", layers + service.replace("*made", "[{Ref: MadeLambdaLayer}]"))
    write(shop, "ignored/made/python/m.py", "")
    archive(shop / "layer.zip", "x = 1\n")
    commit(shop)
    assert selected(shop) == []
    archive(shop / "layer.zip", "x = 2\n")
    # What the other was made of may be anything.
    assert selected(shop) == ["m1", "m2", *ALL_ORDERS]
    assert selected(shop, "HEAD", "--function", "orders") == ["m2", *ALL_ORDERS]
    git(shop, "checkout", "--quiet", ".")
    write(shop, "README.md", "what a layer is made of\n")
    assert selected(shop) == ["m1", "m2"]


def archive(path: Path, text: str) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("python/x.py", text)
        file.writestr("app.py", HANDLER)


TEMPLATE = f"""\
Transform: AWS::Serverless-2016-10-31
Globals: {{Function: {{Handler: app.handler, Runtime: python{VERSION}}}}}
Resources:
  Zipped: {{Type: AWS::Serverless::Function, Properties: {{CodeUri: ../zips/code.zip}}}}
  Layered: {{Type: AWS::Serverless::Function, Properties: {{CodeUri: own/, Layers: [!Ref Layer]}}}}
  Layer: {{Type: AWS::Serverless::LayerVersion, Properties: {{ContentUri: ../zips/layer.zip}}}}
  Built: {{Type: AWS::Serverless::Function, Properties: {{CodeUri: ../code/built}}}}
"""


def test_code_of_a_template_that_lies_outside_of_its_directory(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    write(tmp_path, "infra/template.yaml", TEMPLATE)
    names = ("Zipped", "Layered", "Built")
    scenarios = "".join(f"  - {{name: {name}, function: {name}}}\n" for name in names)
    write(tmp_path, "scenarios/s.yml", f"service: ../infra\nscenarios:\n{scenarios}")
    for directory in ("infra/own", "code/built", "infra/.aws-sam/build/Built"):
        write(tmp_path, f"{directory}/app.py", HANDLER)
    (tmp_path / "zips").mkdir()
    archive(tmp_path / "zips" / "code.zip", "")
    archive(tmp_path / "zips" / "layer.zip", "")
    write(tmp_path, ".gitignore", ".aws-sam/\n")
    built = TEMPLATE.replace("../code/built", "Built").replace("../zips", "../../../zips")
    write(tmp_path, "infra/.aws-sam/build/template.yaml", built.replace("own/", "../../own"))
    commit(tmp_path)
    assert selected(tmp_path) == []
    archive(tmp_path / "zips" / "code.zip", "x = 1\n")
    assert selected(tmp_path) == ["Zipped"]
    git(tmp_path, "checkout", "--quiet", ".")
    archive(tmp_path / "zips" / "layer.zip", "x = 1\n")
    assert selected(tmp_path) == ["Layered"]
    git(tmp_path, "checkout", "--quiet", ".")
    write(tmp_path, "code/built/helper.py", "")
    assert selected(tmp_path) == ["Built"]


def test_what_other_scenarios_name_is_no_code_either(shop: Path) -> None:
    (shop / "serverless.yml").write_text(
        SERVICE.replace("package: {individually", "x-package: {individually")
    )
    commit(shop)
    write(shop, "scenarios/rows.csv", "n\n1\n2\n3\n")
    assert selected(shop) == ["o4 1", "o4 2", "o4 3"]
    assert selected(shop, "HEAD", "--function", "mails") == []
    assert selected(shop, "HEAD", "-k", "o1") == []


def test_links_that_lead_elsewhere_now(shop: Path) -> None:
    """git names the link alone, and nothing behind it."""
    for version in ("v1", "v2"):
        write(shop, f"layers/{version}/python/x.py", "")
        write(shop, f"code/{version}/app.py", HANDLER)
        write(
            shop, f"services/{version}/serverless.yml", SERVICE.replace("custom: ${file(custom.yml)}\n", "")
        )
        write(shop, f"services/{version}/src/orders/app.py", HANDLER)
    for name in ("layers", "code", "services"):
        (shop / name / "current").symlink_to("v1")
    layers = "layers: {one: {path: layers/current}}\n"
    mails = "src/mails/app.handler\n    layers: [{Ref: OneLambdaLayer}]"
    service = (SERVICE + layers).replace("src/mails/app.handler", mails)
    write(shop, "serverless.yml", service.replace("${self:custom.from}", "me"))
    inline = f"i: {{handler: app.handler, runtime: python{VERSION}, code: ../code/current}}"
    write(
        shop,
        "scenarios/inline.yml",
        f"service: ../services/current\nfunctions: {{{inline}}}\n"
        "scenarios:\n  - {name: i, function: i}\n  - {name: s, function: orders}\n",
    )
    commit(shop)
    assert selected(shop) == []
    for name, expected in (("layers", ["m1", "m2"]), ("code", ["i"]), ("services", ["i", "s"])):
        (shop / name / "current").unlink()
        (shop / name / "current").symlink_to("v2")
        assert selected(shop) == expected, name
        git(shop, "checkout", "--quiet", ".")


@pytest.mark.parametrize(
    ("runtime", "code", "manifest", "touched"),
    [
        (f"python{VERSION}", HANDLER, "requirements.txt", True),
        (f"python{VERSION}", HANDLER, "../uv.lock", True),
        (f"python{VERSION}", HANDLER, "package-lock.json", False),
        ("nodejs20.x", "exports.handler = async (event) => event;\n", "package-lock.json", True),
        ("nodejs20.x", "exports.handler = async (event) => event;\n", "../pnpm-lock.yaml", True),
        ("nodejs20.x", "exports.handler = async (event) => event;\n", "requirements.txt", False),
    ],
)
def test_what_says_which_modules_are_installed(
    tmp_path: Path, runtime: str, code: str, manifest: str, touched: bool
) -> None:
    """git ignores the modules themselves; patterns leave out what names them."""
    write(
        tmp_path,
        "service/serverless.yml",
        f"service: s\nprovider: {{name: aws, runtime: {runtime}}}\n"
        'package: {patterns: ["!**", "src/**", "node_modules/**"]}\n'
        "functions: {f: {handler: src/app.handler}}\n",
    )
    write(tmp_path, f"service/src/app.{'py' if 'python' in runtime else 'js'}", code)
    write(tmp_path, "service/scenarios/s.yml", "scenarios: [{name: f, function: f}]\n")
    write(tmp_path, f"service/{manifest}", "1")
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    commit(tmp_path)
    write(tmp_path, f"service/{manifest}", "2")
    assert selected(tmp_path, "HEAD", "service") == (["f"] if touched else [])


def test_what_is_included_counts_for_all_functions_whoever_asks(shop: Path) -> None:
    """So that the cells of a matrix select what the whole does: reading asks for what is needed alone."""
    includes = (
        SERVICE.replace("${file(custom.yml)}", "{from: me}")
        + "resources:\n  - ${file(resources/${opt:stage, 'dev'}.yml)}\n"
        "  - ${file(${env:ELSEWHERE, 'x'}.yml)}\n"
    )
    write(shop, "serverless.yml", includes)
    write(shop, "resources/dev.yml", "Resources: ${file(resources/deep.yml)}\n")
    for name in ("resources/deep.yml", "resources/prod.yml", "x.yml"):
        write(shop, name, "{}\n")
    commit(shop)
    for name, touches in (("dev", True), ("deep", True), ("prod", False), ("../x", True)):
        path = shop / "resources" / f"{name}.yml"
        path.write_text(path.read_text() + "\n")
        assert len(selected(shop)) == (9 if touches else 0), name
        assert len(selected(shop, "HEAD", "--function", "mails")) == (2 if touches else 0), name
        git(shop, "checkout", "--quiet", ".")
    (shop / "resources" / "deep.yml").unlink()
    assert len(selected(shop, "HEAD", "--function", "mails")) == 2


def test_a_cell_selects_what_the_whole_does(shop: Path) -> None:
    """What other scenarios name is no code, whether they are selected or not."""
    write(
        shop,
        "serverless.yml",
        f"service: s\nprovider: {{name: aws, runtime: python{VERSION}}}\n"
        "functions:\n  orders: {handler: src/orders/app.handler}\n"
        "  mails: {handler: src/mails/app.handler}\n",
    )
    commit(shop)
    replaced("scenarios/schema.json", "{}", "true")(shop)
    moved("scenarios/expected.json", "scenarios/wanted.json")(shop)
    replaced("scenarios/mails.yml", "expected.json", "wanted.json")(shop)
    assert selected(shop) == ["m2", "o6"]
    assert selected(shop, "HEAD", "-k", "o6") == ["o6"]
    assert selected(shop, "HEAD", "scenarios/mails.yml") == ["m2"]
    assert selected(shop, "HEAD", "scenarios/orders.yml") == ["o6"]
    assert selected(shop, "HEAD", "--function", "mails") == ["m2"]


def test_a_service_file_that_was_nearer(shop: Path) -> None:
    write(shop, "scenarios/near/n.yml", "scenarios: [{name: near, function: orders}]\n")
    write(
        shop,
        "scenarios/near/serverless.yml",
        f"service: n\nprovider: {{name: aws, runtime: python{VERSION}}}\n"
        "functions: {orders: {handler: app.handler}}\n",
    )
    write(shop, "scenarios/near/app.py", HANDLER)
    commit(shop)
    (shop / "scenarios" / "near" / "serverless.yml").unlink()
    assert selected(shop) == ["near"]


@pytest.mark.parametrize("built", [True, False])
@pytest.mark.parametrize("handler", ["dist/mails.handler", "src/mails.handler"])
def test_a_handler_that_is_compiled_is_made_of_its_service_s_directory(
    shop: Path, handler: str, built: bool
) -> None:
    write(
        shop,
        "other/serverless.yml",
        "service: other\nprovider: {name: aws, runtime: nodejs20.x}\n"
        'package: {patterns: ["!**", "dist/**", "src/*.js"]}\n'
        f"functions: {{typed: {{handler: {handler}}}}}\n",
    )
    write(shop, "other/src/mails.ts", "")
    write(shop, "other/.gitignore", "dist/\n*.js\n")
    write(shop, "scenarios/other.yml", "service: ../other\nscenarios: [{name: typed, function: typed}]\n")
    write(shop, "old.txt", "")
    commit(shop)
    if built:
        write(shop, f"other/{handler.partition('.')[0]}.js", "exports.handler = async () => 1;\n")
    write(shop, "README.md", "more\n")
    assert selected(shop) == []
    write(shop, "other/src/mails.ts", "export {}\n")
    assert selected(shop) == ["typed"]
    git(shop, "checkout", "--quiet", ".")
    (shop / "old.txt").unlink()
    unusable = not built and handler.startswith("src")
    assert selected(shop) == (["typed"] if unusable else []), "what is gone may be what is missing"


class TestRepositories:
    @pytest.fixture
    def with_library(self, shop: Path) -> Path:
        library = shop.parent / "library"
        write(library, "x.py", "")
        git(library, "init", "--quiet", "--initial-branch", "main")
        commit(library)
        allowed = ("-c", "protocol.file.allow=always")
        git(shop, *allowed, "submodule", "--quiet", "add", "../library", "src/mails/lib")
        commit(shop)
        return shop

    def test_a_new_file_in_a_submodule(self, with_library: Path) -> None:
        write(with_library, "src/mails/lib/new.py", "")
        assert selected(with_library) == ["m1", "m2"]

    @pytest.mark.parametrize("setting", ["diff.ignoreSubmodules", "submodule.src/mails/lib.ignore"])
    def test_submodules_that_git_is_told_to_pass_over(self, with_library: Path, setting: str) -> None:
        git(with_library, "config", setting, "all")
        write(with_library, "src/mails/lib/x.py", "x = 1\n")
        assert selected(with_library) == ["m1", "m2"]

    def test_a_hook_of_a_worktree_with_the_project_below_its_top(self, shop: Path) -> None:
        top = shop.parent / "top"
        top.mkdir()
        shutil.rmtree(shop / ".git")
        shop.rename(top / "shop")
        write(top, "shop/lambda-scenarios.yml", "retries: 0\n")
        git(top, "init", "--quiet", "--initial-branch", "main")
        commit(top)
        git(top, "worktree", "add", "--quiet", "../tree", "-b", "other")
        write(shop.parent, "tree/shop/src/mails/new.py", "")
        directory = str(top / ".git" / "worktrees" / "tree")
        hook = {"GIT_DIR": directory, "GIT_INDEX_FILE": f"{directory}/index.lock"}
        assert selected(shop.parent / "tree" / "shop", env=hook) == ["m1", "m2"]

    def test_a_submodule_that_is_not_checked_out(self, with_library: Path) -> None:
        library = with_library / "src" / "mails" / "lib"
        write(library, "x.py", "x = 1\n")
        git(library, "checkout", "--quiet", "-b", "mine")
        commit(library)
        commit(with_library)
        git(with_library.parent, "clone", "--quiet", os.fspath(with_library), "clone")
        clone = with_library.parent / "clone"
        assert selected(clone) == []
        assert selected(clone, "HEAD~1") == ["m1", "m2"]

    def test_a_repository_that_lies_elsewhere(self, shop: Path) -> None:
        elsewhere = shop.parent / "elsewhere.git"
        shutil.move(shop / ".git", elsewhere)
        write(shop, "src/mails/new.py", "")
        assert selected(shop, env={"GIT_DIR": os.fspath(elsewhere)}) == ["m1", "m2"]


class TestMistakes:
    def refused(self, directory: Path, revision: str, env: dict[str, str] | None = None) -> str:
        done = running.run(directory, "list", f"--changed-since={revision}", env=env)
        assert done.status == 2, done
        assert done.stdout == ""
        return done.stderr

    def test_no_such_revision(self, shop: Path) -> None:
        assert "git knows no revision `mian`" in self.refused(shop, "mian")
        assert "did you mean `main`?" in self.refused(shop, "mian")
        assert "`git fetch origin develop`" in self.refused(shop, "origin/develop")

    @pytest.mark.parametrize("revision", ["", "-p", "--output=x", "0" * 40])
    def test_no_revision_at_all(self, shop: Path, revision: str) -> None:
        self.refused(shop, revision)
        assert git(shop, "status", "--porcelain") == ""

    def test_no_repository(self, shop: Path) -> None:
        shutil.rmtree(shop / ".git")
        assert "no git repository" in self.refused(shop, "HEAD")

    def test_a_repository_without_a_commit(self, tmp_path: Path) -> None:
        for name, text in FILES.items():
            write(tmp_path, name, text)
        git(tmp_path, "init", "--quiet")
        assert "git knows no revision `HEAD`" in self.refused(tmp_path, "HEAD")

    def test_no_git(self, shop: Path) -> None:
        told = self.refused(shop, "HEAD", {"PATH": os.fspath(shop)})
        assert "there is no program `git`" in told

    def test_a_shallow_clone(self, shop: Path) -> None:
        first = git(shop, "rev-parse", "HEAD")
        write(shop, "README.md", "2\n")
        commit(shop)
        git(shop.parent, "clone", "--quiet", "--depth", "1", shop.as_uri(), "clone")
        told = self.refused(shop.parent / "clone", first)
        assert "fetch-depth: 0" in told
