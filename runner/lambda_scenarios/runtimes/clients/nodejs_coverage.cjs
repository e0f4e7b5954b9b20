'use strict';

// A worker whose code is measured by V8: `node nodejs_coverage.cjs <settings> <credits> <nonce>` is the client
// of this directory with the profiler of the inspector around it. `settings` is JSON: `{file, roots, layers}`.
//
// What V8 has counted is taken when the handler is loaded and after each answer, since a worker may be gone at
// any moment, and appended to `<file>-<pid>`, one line each: a JSON array of the scripts that are one of `roots`,
// or below one, and in none of `layers` (`{url, functions}` of ScriptCoverage, see
// https://chromedevtools.github.io/devtools-protocol/v8/Profiler/), or `=N` for one that equals line N (from 0).
// Where a worker is to be ended while an invocation runs, the runner first sends SIGURG, which no program uses.

const fs = require('fs');
const { Session } = require('inspector');
const { pathToFileURL } = require('url');

const { file, roots, layers } = JSON.parse(process.argv[2]);
const prefixOf = (directory) => `${pathToFileURL(directory).href.replace(/\/$/, '')}/`;
const own = roots.map(prefixOf);
const foreign = layers.map(prefixOf);
const descriptor = fs.openSync(`${file}-${process.pid}`, 'a');
const { writeSync } = fs; // functions may replace it
const REMEMBERED = 8 * 1024 * 1024; // characters of lines that may be named again
const lines = new Map(); // text -> number
let count = 0;
let remembered = 0;
const session = new Session();

function post(method, parameters) {
  let found;
  session.post(method, parameters, (error, result) => {
    if (!error) found = result;
  });
  return found;
}

const isMeasured = (url) =>
  own.some((prefix) => `${url}/`.startsWith(prefix)) &&
  !url.includes('/node_modules/') &&
  !foreign.some((prefix) => url.startsWith(prefix));

/** Writes what has been executed since the last time. */
function save() {
  const scripts = post('Profiler.takePreciseCoverage')?.result ?? [];
  const taken = scripts.filter((script) => isMeasured(script.url));
  if (taken.length === 0) return;
  const text = JSON.stringify(taken.map(({ url, functions }) => ({ url, functions })));
  const known = lines.get(text);
  try {
    writeSync(descriptor, known === undefined ? `${text}\n` : `=${known}\n`);
  } catch {
    return; // a full disk: a function must not suffer from it
  }
  if (known === undefined && remembered < REMEMBERED) {
    lines.set(text, count);
    remembered += text.length;
  }
  count += 1;
}

session.connect();
post('Profiler.enable');
post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

// Every way out: a loop that is empty, process.exit, and what the client itself leaves by.
process.on('exit', save);
const { reallyExit } = process;
process.reallyExit = function leave(status) {
  save();
  reallyExit.call(process, status);
};
process.on('SIGURG', () => process.reallyExit(0));

delete require.cache[__filename];
require('./nodejs_client.cjs').start(save);

//# sourceURL=file:///var/runtime/index.mjs
