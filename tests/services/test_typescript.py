"""TypeScript, by each of the things that can read it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.services import npm_packages
from tests.services.conftest import faults

from lambda_scenarios.services.catalog import Catalog, ServiceOptions

# As the Framework's own template for TypeScript writes it: types, imports by alias, `module.exports`.
FILES = {
    "serverless.ts": """\
import hello from '@functions/hello';

interface Configuration { service: string; [key: string]: unknown }
enum Stage { Dev = 'dev' }
const configuration: Configuration = {
  service: 'typed',
  provider: {
    name: 'aws', runtime: 'nodejs20.x', stage: Stage.Dev,
    environment: { REGION: '${file(./more.ts):region}' },
  },
  functions: { hello },
};
module.exports = configuration;
""",
    "src/functions/hello/index.ts": """\
import { handlerPath } from '@libs/handler-resolver';

export default { handler: `${handlerPath(__dirname)}/handler.main`, timeout: 7 as number };
""",
    "src/functions/hello/handler.js": "exports.main = async () => 1;\n",
    "src/libs/handler-resolver.ts": """\
export const handlerPath = (context: string): string =>
  `${context.split(process.cwd())[1].substring(1).replace(/\\\\/g, '/')}`;
""",
    "more.ts": (
        "type Region = string;\n"
        "export default async (): Promise<{ region: Region }> => ({ region: 'mars' });\n"
    ),
    "tsconfig.json": """\
{
  "extends": "./tsconfig.paths.json",
  "compilerOptions": { "target": "ES2020", "module": "commonjs", "esModuleInterop": true, /* kept */ },
  "ts-node": { "require": ["tsconfig-paths/register"] },
}
""",
    "tsconfig.paths.json": (
        '{"compilerOptions": {"baseUrl": ".", "paths": {"@functions/*": ["src/functions/*"],'
        ' "@libs/*": ["src/libs/*"]}}}'
    ),
}


@pytest.mark.parametrize(
    "packages",
    [
        ("ts-node@10.9.2", "typescript@5.9.3", "tsconfig-paths@4.2.0"),
        ("tsx@4.20.6",),
        ("esbuild@0.25.12",),
        ("typescript@5.9.3",),
        ("typescript@7.0.2", "esbuild@0.25.12"),
    ],
    ids=lambda packages: packages[0],
)
def test_by_what_the_service_has(tmp_path: Path, packages: tuple[str, ...]) -> None:
    if shutil.which("node") is None:
        pytest.skip("Node.js is missing: apt-get install nodejs")
    (tmp_path / "node_modules").symlink_to(npm_packages.installed(*packages) / "node_modules")
    catalog = Catalog({"PATH": os.environ["PATH"]}, str(tmp_path))
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with catalog:
        function = catalog.open(str(tmp_path), ServiceOptions()).function("hello")
        assert (function.handler, function.timeout) == ("src/functions/hello/handler.main", 7.0)
        assert function.environment == (("REGION", "mars"),)
        (tmp_path / "serverless.ts").write_text("\nconst a: number = null;\nmodule.exports = a.b;\n")
    with Catalog({"PATH": os.environ["PATH"]}, str(tmp_path)) as catalog:
        (fault,) = faults(lambda: catalog.open(str(tmp_path), ServiceOptions()))
        assert (fault.problem.partition(":")[0], fault.line) == ("serverless.ts threw TypeError", 3)


def test_by_node_itself_or_not_at_all(tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("Node.js is missing: apt-get install nodejs")
    (tmp_path / "serverless.ts").write_text(
        "const service: string = 'typed';\n"
        "export default {service, provider: 'aws', functions: {one: {image: 'x'}}};\n"
    )
    asked = subprocess.run(
        ["node", "-p", "!!process.features.typescript"], capture_output=True, text=True, check=True
    )
    with Catalog({"PATH": os.environ["PATH"]}, str(tmp_path)) as catalog:
        if asked.stdout.strip() == "true":
            assert catalog.open(str(tmp_path), ServiceOptions()).keys() == ("one",)
            return
        (fault,) = faults(lambda: catalog.open(str(tmp_path), ServiceOptions()))
    assert fault.problem == "serverless.ts is TypeScript, and nothing here can read it"
    assert "npm install --save-dev ts-node typescript" in fault.notes[0]
