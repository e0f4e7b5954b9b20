'use strict';
// Evaluates configuration files, variables and events that are JavaScript or TypeScript.
//
//     node evaluate.cjs <fd> [arguments that the files see]
//
// <fd> is a socket; both sides write one JSON object a line. Requests:
//     {id, file, address: [key, …], pass: {…} | null, environ: {…}}
// `pass`: what an exported function is called with, beside the two look-ups (null: with nothing).
// What comes back:
//     {id, value, rest, dropped: [[path, what], …]}     rest: keys that lead on inside a text
//     {id, error: {kind, name, message, stack, path, asked}}
//     {id, ask, variable} · {id, ask, property: [key, …]}     answered by {answer, value} or {answer, error}
//
// How exports, functions and promises are treated: Serverless Framework 3,
// lib/configuration/variables/sources/file.js and lib/configuration/read.js.

const fs = require('fs');
const net = require('net');
const path = require('path');
const { pathToFileURL } = require('url');

const DEEPEST = 100; // levels of a value, as in YAML files
const SOURCES = ['.ts', '.mts', '.cts'];

const socket = new net.Socket({ fd: Number(process.argv[2]), readable: true, writable: true });
process.argv.splice(1, 2, 'serverless');
process.removeAllListeners('warning'); // of features that are experimental in this version

const pending = new Map(); // the files of requests that are not answered yet
const asked = new Map(); // questions that are not answered yet
let questions = 0;
let typescript = null; // how TypeScript is read, once that is known

function send(message) {
  socket.write(JSON.stringify(message) + '\n');
}

// While nothing but code of the user's can go on, the socket must not keep the process alive: an empty
// event loop then means that a promise is never settled.
function holdOrRelease() {
  if (pending.size === 0 || asked.size > 0) socket.ref();
  else socket.unref();
}

function refuse(id, error) {
  const file = pending.get(id);
  if (!pending.delete(id)) return;
  const isObject = error !== null && typeof error === 'object';
  const said = isObject ? error : { message: require('util').inspect(error) };
  let stack = typeof said.stack === 'string' ? said.stack : '';
  if (error instanceof SyntaxError && !/^[^\n]+:\d+\n/.test(stack)) stack = placeOfSyntaxError(file) + stack;
  send({
    id,
    error: {
      kind: said.kind || 'thrown',
      name: isObject ? text(said.name || 'Error') : '',
      message: text(said.message),
      stack,
      code: text(said.code || ''),
      path: said.path instanceof Array ? said.path : [],
      asked: said.question || 0,
    },
  });
  holdOrRelease();
}

function text(value) {
  return value === undefined ? '' : String(value);
}

// An ES module's syntax error doesn't say where it is; a check of the file alone does.
function placeOfSyntaxError(file) {
  const { spawnSync } = require('child_process');
  const { stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8', env: {} });
  const match = /^(\S[^\n]*:\d+)\n/.exec(stderr || '');
  return match ? `${match[1]}\n` : '';
}

class Unusable extends Error {
  constructor(kind, message, at = []) {
    super(message);
    this.kind = kind;
    this.path = at;
  }
}

// ── loading ──────────────────────────────────────────────────────────────────────────────────────────

async function load(file) {
  const suffix = path.extname(file);
  if (SOURCES.includes(suffix) && typescript === null) typescript = prepareTypeScript(file);
  if (suffix === '.mjs' || suffix === '.mts') return import(pathToFileURL(file).href);
  try {
    return require(file);
  } catch (error) {
    const isModule = error && (error.code === 'ERR_REQUIRE_ESM' || error.code === 'ERR_REQUIRE_ASYNC_MODULE');
    if (isModule || isModuleSyntax(error, file)) return import(pathToFileURL(file).href);
    throw error;
  }
}

// `export` in a .js file without a package.json that says so: newer versions of Node.js look themselves.
function isModuleSyntax(error, file) {
  if (!(error instanceof SyntaxError) || !/Unexpected token 'export'|outside a module/.test(error.message)) {
    return false;
  }
  throw new Unusable(
    'module syntax',
    `${path.basename(file)} has import or export, and is no ES module for this Node.js`
  );
}

// What a file exports: the default export where there is one.
function exported(loaded, address) {
  if (loaded === null || (typeof loaded !== 'object' && typeof loaded !== 'function')) return loaded;
  const isNamespace = require('util').types.isModuleNamespaceObject(loaded);
  if (!(isNamespace || loaded.__esModule) || !('default' in loaded)) return loaded;
  const value = loaded.default;
  if (address.length > 0 && address[0] in loaded && !(Object(value) === value && address[0] in value)) {
    return loaded; // a named export
  }
  return value;
}

// The Framework reads TypeScript by ts-node; the others do the same without checking types.
const READERS = {
  'ts-node': (tsNode, file) => tsNode.register({ transpileOnly: true, cwd: path.dirname(file) }),
  'tsx/cjs/api': (tsx) => tsx.register(),
  esbuild: ({ transformSync }, file) => compileWith((source, sourcefile) => transformSync(source, {
    loader: 'ts', format: 'cjs', target: `node${process.versions.node}`, sourcefile, sourcemap: 'inline',
  }).code, file),
  typescript: (ts, file) => {
    const compilerOptions = {
      module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2020, esModuleInterop: true, inlineSourceMap: true,
    };
    const { transpileModule } = ts; // not in every version
    if (!transpileModule) throw new Error('this version has no transpileModule');
    compileWith((source, fileName) => transpileModule(source, { fileName, compilerOptions }).outputText, file);
  },
};

function prepareTypeScript(file) {
  let failed = '';
  for (const [name, prepare] of Object.entries(READERS)) {
    let found;
    try {
      found = require.resolve(name, { paths: [path.dirname(file), process.cwd()] });
    } catch {
      continue;
    }
    try {
      prepare(require(found), file);
      return name;
    } catch (error) {
      failed = failed || `${name}: ${error && error.message}`;
    }
  }
  if (process.features && process.features.typescript) {
    resolveAliases(file);
    return 'node';
  }
  throw new Unusable('typescript', failed);
}

function compileWith(compile, file) {
  if (process.setSourceMapsEnabled) process.setSourceMapsEnabled(true);
  for (const suffix of ['.ts', '.cts']) {
    require.extensions[suffix] = (module, name) => {
      module._compile(compile(fs.readFileSync(name, 'utf8'), name), name);
    };
  }
  resolveAliases(file);
}

// `paths` of tsconfig.json, as in `import hello from '@functions/hello'`.
// https://www.typescriptlang.org/tsconfig/#paths
function resolveAliases(file) {
  const aliases = aliasesFor(path.dirname(file));
  if (aliases.length === 0) return;
  const Module = require('module');
  const original = Module._resolveFilename;
  Module._resolveFilename = function resolveFilename(request, ...rest) {
    for (const { before, after, targets } of aliases) {
      const fits = request.startsWith(before) && request.endsWith(after)
        && request.length >= before.length + after.length;
      if (!fits) continue;
      const middle = request.slice(before.length, request.length - after.length);
      for (const target of targets) {
        try {
          return original.call(this, target.replace('*', middle), ...rest);
        } catch (error) {
          if (error.code !== 'MODULE_NOT_FOUND') throw error;
        }
      }
    }
    return original.call(this, request, ...rest);
  };
}

function aliasesFor(directory) {
  let folder = directory;
  while (!fs.existsSync(path.join(folder, 'tsconfig.json'))) {
    const above = path.dirname(folder);
    if (above === folder) return [];
    folder = above;
  }
  let config = path.join(folder, 'tsconfig.json');
  for (let hops = 0; hops < 10 && config; hops += 1) {
    const read = relaxedJson(config);
    const options = read.compilerOptions || {};
    const base = path.resolve(path.dirname(config), options.baseUrl || '.');
    if (options.paths) {
      return Object.entries(options.paths).map(([pattern, targets]) => {
        const [before, after = ''] = pattern.split('*');
        return { before, after, targets: targets.map((target) => path.resolve(base, target)) };
      });
    }
    config = typeof read.extends === 'string' && read.extends.startsWith('.')
      ? path.resolve(path.dirname(config), read.extends) : null;
    if (config && !fs.existsSync(config)) config += '.json';
  }
  return [];
}

function relaxedJson(file) {
  const comments = /"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[^]*?\*\//g;
  const commas = /"(?:[^"\\]|\\.)*"|,(?=\s*[\]}])/g;
  const keepTexts = (found) => (found[0] === '"' ? found : ' ');
  try {
    const text = fs.readFileSync(file, 'utf8').replace(/^\ufeff/, '');
    return JSON.parse(text.replace(comments, keepTexts).replace(commas, keepTexts));
  } catch {
    return {};
  }
}

// ── values ───────────────────────────────────────────────────────────────────────────────────────────

// `value` as JSON.stringify would write it, and what of it is no JSON and left out.
function plain(value) {
  const dropped = [];
  const open = new Map(); // the objects around this one, and where each stands

  function walk(found, at) {
    if (found !== null && typeof found === 'object' && typeof found.toJSON === 'function') {
      found = found.toJSON(String(at[at.length - 1] === undefined ? '' : at[at.length - 1]));
    }
    if (found instanceof Number || found instanceof String || found instanceof Boolean) found = found.valueOf();
    switch (typeof found) {
      case 'string':
      case 'boolean':
        return found;
      case 'number':
        return Number.isFinite(found) ? found : null;
      case 'bigint':
        throw new Unusable('bigint', 'is a BigInt, which JSON has not', at);
      case 'undefined':
        return undefined;
      case 'function':
        dropped.push([at, 'a function']);
        return undefined;
      case 'symbol':
        dropped.push([at, 'a symbol']);
        return undefined;
      default:
    }
    if (found === null) return null;
    if (open.has(found)) {
      throw new Unusable('cycle', `contains itself: it is ${shown(open.get(found))}`, at);
    }
    if (at.length > DEEPEST) throw new Unusable('depth', `is nested more than ${DEEPEST} levels deep`, at.slice(0, 8));
    open.set(found, at);
    let made;
    if (Array.isArray(found)) {
      made = Array.from(found, (item, index) => {
        const inner = walk(item, [...at, index]);
        return inner === undefined ? null : inner;
      });
    } else {
      if (found instanceof Map || found instanceof Set) dropped.push([at, `a ${found.constructor.name}`]);
      else if (typeof found.then === 'function') dropped.push([at, 'a promise']);
      made = {};
      for (const key of Object.keys(found)) {
        const inner = walk(found[key], [...at, key]);
        if (inner !== undefined) {
          Object.defineProperty(made, key, { value: inner, enumerable: true, configurable: true, writable: true });
        }
      }
    }
    open.delete(found);
    return made;
  }

  const made = walk(value, []);
  return { value: made === undefined ? null : made, dropped };
}

function shown(at) {
  return at.length === 0 ? 'the whole value' : at.join('.');
}

// ── requests ─────────────────────────────────────────────────────────────────────────────────────────

function ask(id, question) {
  questions += 1;
  const number = questions;
  return new Promise((resolve, reject) => {
    asked.set(number, { resolve, reject });
    send({ id, ask: number, ...question });
    holdOrRelease();
  });
}

function given(id, pass) {
  if (pass === null) return [];
  return [{
    ...pass,
    resolveVariable: (variable) => ask(id, { variable: String(variable) }),
    resolveConfigurationProperty: (keys) => ask(id, { property: Array.from(keys, String) }),
  }];
}

async function handle({ id, file, address, pass, environ }) {
  Object.assign(process.env, environ);
  let called = false;
  const settled = async (value) => {
    if (called) return value; // what a function gave is taken as it is
    if (typeof value !== 'function') return await value;
    called = true;
    return value(...given(id, pass));
  };
  let value = await settled(exported(await load(file), address));
  let keys = address;
  while (keys.length > 0 && value !== null && value !== undefined) {
    if (typeof value === 'string') break; // it may hold a variable
    value = await settled(value[keys[0]]);
    keys = keys.slice(1);
  }
  if (value === null || value === undefined) keys = [];
  const made = plain(value);
  if (pending.delete(id)) send({ id, ...made, rest: keys });
  holdOrRelease();
}

function receive(message) {
  if (message.answer === undefined) {
    pending.set(message.id, message.file);
    holdOrRelease();
    handle(message).catch((error) => refuse(message.id, error));
    return;
  }
  const waiting = asked.get(message.answer);
  asked.delete(message.answer);
  holdOrRelease();
  if (message.error === undefined) waiting.resolve(message.value);
  else waiting.reject(Object.assign(new Error(message.error), { name: 'ServerlessError', question: message.answer }));
}

let received = '';
socket.setEncoding('utf8');
socket.on('data', (data) => {
  const lines = (received + data).split('\n');
  received = lines.pop();
  for (const line of lines) receive(JSON.parse(line));
});
const leave = process.exit.bind(process);
socket.on('end', () => leave(0));
socket.on('error', () => leave(0));

for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, (error) => {
    for (const id of [...pending.keys()]) refuse(id, error);
  });
}
process.on('beforeExit', () => {
  for (const id of [...pending.keys()]) refuse(id, new Unusable('unsettled', 'a promise is never settled'));
});
