'use strict';

// The runtime client for Node.js 16 and later: `node nodejs_client.cjs <credits> <nonce>`. It speaks the
// Runtime API with the additions that ARCHITECTURE.md describes under "Runtime clients".
//
// What a handler sees, gets and causes is that of AWS's aws-lambda-ric, in the generation that the
// emulated runtime has: 3.3 up to nodejs22.x (src/Runtime.js, UserFunction.js, CallbackContext.js,
// Errors.js, LogPatch.js, ResponseStream.js, as they stand in its repository: Runtime.NodeJsExit and the
// warning about callbacks came after the package), 4.0 from nodejs24.x on (the classes bundled in its
// index.mjs). Where both differ, `modern` decides. What a part emulates is named beside it.
//
// The last line of this file gives it the name that AWS's client has in Lambda, so that stacks which a
// handler prints look as they do there.

const fs = require('fs');
const util = require('util');
const Module = require('module');

const PAYLOAD_LIMIT = 6 * 1024 * 1024 + 100; // bytes of a result; what is larger, Lambda refuses
const PLACE_IN_LAMBDA = '/var/runtime/index.mjs';
const env = process.env;
const modern = runtimeMajor(env.AWS_EXECUTION_ENV) >= 24;

function runtimeMajor(executionEnvironment) {
  const found = /nodejs(\d+)/.exec(executionEnvironment || '');
  return Number(found ? found[1] : process.versions.node.split('.')[0]);
}

// ---- The Runtime API's answers: bytes in, responses out ---------------------------------------------

const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * Make a parser of pipelined HTTP/1.1 responses. This project's server always says the length; others, such
 * as AWS's runtime interface emulator, send larger events in chunks.
 *
 * It is a function that takes the next bytes, cut anywhere, and returns the responses that are now
 * complete, `{status, headers, body}`: header names in lower case, the body as text. The bytes given are
 * not kept, so that their buffer may be used again.
 */
function createResponseParser() {
  let kept = [];
  let keptBytes = 0;
  let needed = 0; // no response can be complete before so many bytes are there

  return function feed(data) {
    const responses = [];
    if (keptBytes > 0) {
      kept.push(Buffer.from(data));
      keptBytes += data.length;
      if (keptBytes < needed) return responses;
      data = Buffer.concat(kept, keptBytes);
    }
    let at = 0;
    needed = 0;
    while (at < data.length) {
      const headEnd = data.indexOf(HEAD_END, at);
      if (headEnd < 0) break;
      const head = parseHead(data.toString('utf8', at, headEnd));
      if (head.headers['transfer-encoding']) {
        const found = chunkedBody(data, headEnd + 4);
        if (!found) break;
        responses.push({ ...head, body: found.body });
        at = found.end;
        continue;
      }
      const end = headEnd + 4 + Number(head.headers['content-length'] || 0);
      if (end > data.length) {
        needed = end - at;
        break;
      }
      responses.push({ ...head, body: data.toString('utf8', headEnd + 4, end) });
      at = end;
    }
    keptBytes = data.length - at;
    kept = keptBytes > 0 ? [Buffer.from(data.subarray(at))] : [];
    return responses;
  };
}

const LINE_END = Buffer.from('\r\n');

/** The body whose chunks begin at an offset, as text, and the offset of its end; null where it isn't complete. */
function chunkedBody(data, at) {
  const chunks = [];
  for (;;) {
    const end = data.indexOf(LINE_END, at);
    if (end < 0) return null;
    const size = parseInt(data.toString('latin1', at, end), 16);
    at = end + 2;
    if (!(size > 0)) break;
    chunks.push(data.subarray(at, at + size));
    at += size + 2;
  }
  for (;;) {
    const end = data.indexOf(LINE_END, at); // trailers, up to an empty line
    if (end < 0) return null;
    if (end === at) return { body: Buffer.concat(chunks).toString(), end: at + 2 };
    at = end + 2;
  }
}

function parseHead(text) {
  const lines = text.split('\r\n');
  const headers = Object.create(null);
  for (let i = 1; i < lines.length; i++) {
    const colon = lines[i].indexOf(':');
    headers[lines[i].slice(0, colon).toLowerCase()] = lines[i].slice(colon + 1).trim();
  }
  return { status: Number(lines[0].slice(9, 12)), headers };
}

// ---- Errors (Errors.js; utils/errors.js and utils/error.js of 4.0) ----------------------------------

/** An error of the runtime itself: `Runtime.<kind>`. The generations name the classes differently. */
function runtimeError(kind, message) {
  const longer = modern && (kind === 'HandlerNotFound' || kind === 'MalformedHandlerName');
  const name = longer ? `${kind}Error` : kind;
  const type = { [name]: class extends Error {} }[name];
  if (!modern) type.prototype.name = `Runtime.${kind}`; // before the stack is made: it begins with the name
  const error = new type(message);
  if (modern) error.name = `Runtime.${kind}`;
  return error;
}

const PLUMBING = /(processTicksAndRejections|importModuleDynamicallyWrapper) \(node:/;

/**
 * Take this client's frames out of a stack, and those of Node.js that brought it there: what called the
 * client is of no interest to anyone.
 */
function withoutOwnFrames(lines) {
  const kept = [];
  let belowOwn = false;
  for (const line of lines) {
    const isFrame = /^\s+at /.test(line);
    if (isFrame && line.includes(PLACE_IN_LAMBDA)) {
      if (PLUMBING.test(kept[kept.length - 1])) kept.pop();
      belowOwn = true;
    } else if (!(belowOwn && isFrame && /\bnode:/.test(line))) {
      kept.push(line);
      belowOwn = false;
    }
  }
  return kept;
}

function stackLines(stack) {
  return withoutOwnFrames(stack.split('\n'));
}

const escapeDel = (text) => text?.replaceAll('\x7F', '%7F');

/** What is posted of an error: `toRapidResponse` of Errors.js, `formatError` of 4.0. */
function errorBody(error) {
  try {
    if (modern ? error instanceof Error : util.types.isNativeError(error) || looksLikeError(error)) {
      const stack = modern ? escapeDel(error.stack) : error.stack.replaceAll('\x7F', '%7F');
      return {
        errorType: escapeDel(error.name),
        errorMessage: escapeDel(error.message),
        trace: stack ? stackLines(stack) : [],
      };
    }
    return { errorType: typeof error, errorMessage: modern ? String(error) : error.toString(), trace: [] };
  } catch {
    const body = {
      errorType: 'handled',
      errorMessage:
        'callback called with Error argument, but there was a problem while retrieving ' +
        'one or more of its message, name, and stack',
    };
    return modern ? { ...body, trace: [] } : body;
  }
}

function looksLikeError(value) {
  return ['name', 'message', 'stack'].every((key) => value && value[key] && typeof value[key] === 'string');
}

/** What is logged of an error: `toFormatted` of Errors.js. */
function errorForLog(error) {
  const withProperties = (_key, value) => {
    if (!(value instanceof Error)) return value;
    const shown = { errorType: value.name, errorMessage: value.message, code: value.code, ...value };
    if (typeof value.stack === 'string') shown.stack = stackLines(value.stack);
    return shown;
  };
  try {
    return '\t' + JSON.stringify(error, withProperties);
  } catch {
    return '\t' + JSON.stringify(errorBody(error));
  }
}

let logError; // (headline, error), set with the console

// ---- The console (LogPatch.js; logging/ of 4.0) -----------------------------------------------------

const REQUEST_ID = Symbol.for('aws.lambda.runtime.requestId'); // keys of 3.3, which loggers read too
const TENANT_ID = Symbol.for('aws.lambda.runtime.tenantId');
const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

let logRequestId = () => globalThis[REQUEST_ID];

function textLine(time, level, params) {
  return `${time}\t${logRequestId()}\t${level}\t${util.format(...params)}`;
}

function jsonLine(time, level, params) {
  const line = { timestamp: time, level, requestId: logRequestId() };
  const tenant = globalThis[TENANT_ID];
  if (tenant !== undefined && tenant !== null && !modern) line.tenantId = tenant;
  if (params.length === 1) {
    line.message = params[0];
    try {
      return JSON.stringify(line, (_key, value) =>
        value instanceof Error ? { ...errorFields(value), ...value } : value,
      );
    } catch {
      line.message = util.format(line.message);
      return JSON.stringify(line);
    }
  }
  line.message = util.format(...params);
  const error = (modern ? params.slice(1) : params).find((param) => param instanceof Error);
  if (error) Object.assign(line, errorFields(error));
  return JSON.stringify(line);
}

function errorFields(error) {
  return {
    errorType: error?.constructor?.name ?? 'UnknownError',
    errorMessage: error.message,
    stackTrace: typeof error.stack === 'string' ? stackLines(error.stack) : error.stack,
  };
}

function patchConsole() {
  const json = env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === 'JSON';
  const makeLine = json ? jsonLine : textLine;
  const lowest = Math.max(0, LEVELS.indexOf(env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase()));
  LEVELS.forEach((level, rank) => {
    const silent = rank < lowest;
    // Two parameters, as in AWS's client: `console.log()` prints "undefined" in Lambda.
    console[level.toLowerCase()] = silent
      ? () => {}
      : (message, ...params) => {
          const line = makeLine(new Date().toISOString(), level, [message, ...params]);
          process.stdout.write(line.replace(/\n/g, '\r') + '\n');
        };
  });
  console.log = console.info;
  const intoError = (value) => (value instanceof Error ? value : new Error(modern ? String(value) : value));
  logError = json
    ? (_headline, error) => console.error(intoError(error))
    : (headline, error) => console.error(headline, errorForLog(intoError(error)));
}

/**
 * Let process.stdout and process.stderr block. Node.js writes to pipes asynchronously where they are
 * full, and what it holds back would come after the marker, or never. Both are made at their first use,
 * since making them takes time.
 */
function makeStreamsBlocking() {
  for (const name of ['stdout', 'stderr']) {
    const property = Object.getOwnPropertyDescriptor(process, name);
    let stream;
    const get = () => {
      if (stream === undefined) {
        stream = property.get.call(process);
        stream._handle?.setBlocking?.(true);
      }
      return stream;
    };
    Object.defineProperty(process, name, { ...property, get });
  }
}

// ---- Markers and memory -----------------------------------------------------------------------------

let markerFd = 1;

/** Node.js can't duplicate a descriptor; opening it by name is the same for a pipe. */
function openMarker() {
  try {
    markerFd = fs.openSync('/dev/fd/1', fs.constants.O_WRONLY | fs.constants.O_APPEND);
  } catch {
    markerFd = 1; // a socket
  }
}

function writeMarker(nonce, requestId) {
  let rest = Buffer.from(`\0${nonce} ${requestId}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(fs.writeSync(markerFd, rest));
    } catch (error) {
      if (error.code !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/**
 * Make a function that gives the peak resident size in KiB. Linux's ru_maxrss is the parent's where that
 * was larger, so VmHWM is read; but only after page faults, for without them nothing can have grown.
 */
function createMemoryGauge() {
  let status = -1;
  try {
    status = fs.openSync('/proc/self/status', 'r');
  } catch {
    return () => process.resourceUsage().maxRSS;
  }
  const buffer = Buffer.allocUnsafe(4096);
  let faults = -1;
  let peak = 0;
  return () => {
    const now = process.resourceUsage().minorPageFault;
    if (now !== faults) {
      faults = now;
      const text = buffer.latin1Slice(0, fs.readSync(status, buffer, 0, buffer.length, 0));
      peak = parseInt(text.slice(text.indexOf('VmHWM:') + 6), 10);
    }
    return peak;
  };
}

// ---- The connection ---------------------------------------------------------------------------------

/**
 * Connect to the Runtime API. `onResponse` is called with each response; when the connection ends, the
 * process does too. Returns `{socket, send}`; `send` takes text or a buffer and calls `sent`, if given,
 * when the system has it all.
 */
function connect(address, onResponse) {
  const colon = address.lastIndexOf(':');
  const feed = createResponseParser();
  const socket = require('net').connect({
    host: address.slice(0, colon),
    port: Number(address.slice(colon + 1)),
    onread: {
      buffer: Buffer.allocUnsafe(65536),
      callback(length, buffer) {
        for (const response of feed(buffer.subarray(0, length))) onResponse(response);
        return true;
      },
    },
  });
  socket.setNoDelay(true);
  // Not process.exit, which would call the user's listeners; remembered, since packages replace it.
  const { reallyExit } = process;
  const leave = () => reallyExit.call(process, 1);
  for (const event of ['error', 'end', 'close']) socket.on(event, leave);

  // Written straight to the descriptor where that is possible: it spares the stream's bookkeeping, and
  // the answer has left when a handler calls process.exit() after its callback, as with AWS's client.
  function send(data, sent) {
    const fd = socket._handle?.fd;
    let rest = data;
    if (fd >= 0 && !socket.connecting && socket.writableLength === 0) {
      rest = Buffer.isBuffer(data) ? data : Buffer.from(data);
      try {
        rest = rest.subarray(fs.writeSync(fd, rest));
      } catch (error) {
        if (error.code !== 'EAGAIN') leave();
      }
      if (rest.length === 0) {
        if (sent) sent();
        return;
      }
    }
    socket.write(rest, sent);
  }
  return { socket, send };
}

// ---- Loading the handler (UserFunction.js; function/ of 4.0) ----------------------------------------

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const HIGH_WATER_MARK = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');

// As if required by AWS's client: search paths and "Require stack" are those of Lambda.
const requireFromRuntime = Module.createRequire(PLACE_IN_LAMBDA);

/**
 * Load the function that `_HANDLER` names.
 *
 * Throws `Runtime.MalformedHandlerName`, `Runtime.HandlerNotFound`, `Runtime.ImportModuleError` (a
 * CommonJS module or one of its dependencies is missing; a missing dependency of an ES module stays
 * Node.js's own error, as in Lambda), `Runtime.UserCodeSyntaxError`, or what the module throws.
 */
async function loadHandler(root, name) {
  if (name.includes('..')) {
    throw runtimeError(
      'MalformedHandlerName',
      `'${name}' is not a valid handler name. ` +
        'Use absolute paths when specifying root directories in handler names.',
    );
  }
  const path = require('path');
  const base = path.basename(name);
  const folder = name.slice(0, name.indexOf(base));
  const parts = /^([^.]*)\.(.*)$/.exec(base);
  if (!parts) throw runtimeError('MalformedHandlerName', 'Bad handler');
  const [, moduleName, functionPath] = parts;
  let loaded;
  try {
    const file = path.resolve(root, folder, moduleName);
    loaded = modern ? await importFirst(file, ['', '.js', '.mjs', '.cjs']) : await loadByPackageType(file);
    loaded = loaded || requireByName(root, folder, moduleName, file);
  } catch (error) {
    if (error instanceof SyntaxError) {
      const syntaxError = runtimeError('UserCodeSyntaxError', String(error));
      syntaxError.stack = error.stack; // 3.3 keeps its own, which doesn't say where the mistake is
      throw syntaxError;
    }
    if (error?.code === 'MODULE_NOT_FOUND') {
      throw runtimeError('ImportModuleError', String(error) + (error.hint || ''));
    }
    throw error;
  }
  let handler = nested(loaded, functionPath);
  if (modern && !handler && typeof loaded === 'object' && 'default' in loaded) {
    handler = nested(loaded.default, functionPath);
  }
  if (!handler) throw runtimeError('HandlerNotFound', `${name} is undefined or not exported`);
  if (typeof handler !== 'function') throw runtimeError('HandlerNotFound', `${name} is not a function`);
  return handler;
}

function nested(object, keys) {
  return keys.split('.').reduce((value, key) => {
    return modern && typeof value !== 'object' ? undefined : value && value[key];
  }, object);
}

async function importFirst(file, extensions) {
  const { pathToFileURL } = require('url');
  for (const extension of extensions) {
    const loaded = fs.existsSync(file + extension) && (await import(pathToFileURL(file + extension).href));
    if (loaded) return loaded;
  }
  return undefined;
}

function requireFirst(file, extensions) {
  for (const extension of extensions) {
    const loaded = fs.existsSync(file + extension) && requireFromRuntime(file + extension);
    if (loaded) return loaded;
  }
  return undefined;
}

async function loadByPackageType(file) {
  const isModule = fs.existsSync(file + '.js') && inModulePackage(file);
  return (
    requireFirst(file, isModule ? [''] : ['', '.js']) ||
    (await importFirst(file, isModule ? ['.js', '.mjs'] : ['.mjs'])) ||
    requireFirst(file, ['.cjs'])
  );
}

function inModulePackage(file) {
  const path = require('path');
  for (let folder = path.dirname(file); !folder.endsWith('/node_modules'); folder = path.dirname(folder)) {
    const manifest = path.join(folder, 'package.json');
    if (fs.existsSync(manifest)) {
      try {
        const content = JSON.parse(fs.readFileSync(manifest, 'utf8'));
        if (content) return content.type === 'module';
      } catch (error) {
        const consequence = 'it will be ignored for ES module detection purposes.';
        console.warn(`${manifest} cannot be read, ${consequence}`, error);
        return false;
      }
    }
    if (folder === '/') break;
  }
  return false;
}

function requireByName(root, folder, moduleName, file) {
  const path = require('path');
  const paths = [root, modern ? path.join(root, folder) : folder];
  let found;
  try {
    found = requireFromRuntime.resolve(moduleName, { paths });
  } catch (error) {
    const sources = ['.ts', '.mts', '.cts', '.tsx'].map((end) => file + end);
    const source = sources.find((name) => fs.existsSync(name));
    if (source) {
      const name = path.relative(root, source);
      error.hint = `\n${name} exists, but Lambda does not load TypeScript: compile it first.`;
    }
    throw error;
  }
  return requireFromRuntime(found);
}

function isStreaming(handler) {
  const mode = handler[STREAMING];
  if (modern ? !mode : mode === undefined || mode === null || mode === false) return false;
  if (mode !== 'response') {
    throw runtimeError('MalformedStreamingHandler', 'Only response streaming is supported.');
  }
  return true;
}

/** Callback handlers: a warning up to Node.js 22, refused from 24 on (callback-deprecation.js of 4.0). */
function judgeCallback(handler) {
  if (modern && handler.length >= 3) {
    throw runtimeError(
      'CallbackHandlerDeprecated',
      'ERROR: AWS Lambda has removed support for callback-based function handlers starting with ' +
        'Node.js 24. You need to modify this function to use a supported handler signature to use ' +
        'Node.js 24 or later. ' +
        'For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.',
    );
  }
  const quiet = env.AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING !== undefined;
  if (handler.length === 3 && !isAsync(handler) && !quiet) {
    console.warn(
      'Handlers with a callback do not run on Node.js 24 and later: make this one async. ' +
        '(AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING=1 silences this.)',
    );
  }
}

function isAsync(handler) {
  return handler.constructor?.name === 'AsyncFunction';
}

// ---- globalThis.awslambda (UserFunction.js, HttpResponseStream.js; @aws/lambda-invoke-store in 4.0) ---

class HttpResponseStream {
  static from(stream, prelude) {
    stream.setContentType('application/vnd.awslambda.http-integration-response');
    const text = JSON.stringify(prelude);
    stream._onBeforeFirstWrite = (write) => {
      write(text);
      write(new Uint8Array(8));
    };
    return stream;
  }
}

function streamifyResponse(handler, options) {
  handler[STREAMING] = 'response';
  const size = options?.highWaterMark;
  if (typeof size === 'number') handler[HIGH_WATER_MARK] = Math.trunc(size);
  return handler;
}

const STORE_KEYS = {
  REQUEST_ID: Symbol.for('_AWS_LAMBDA_REQUEST_ID'),
  X_RAY_TRACE_ID: Symbol.for('_AWS_LAMBDA_X_RAY_TRACE_ID'),
  TENANT_ID: Symbol.for('_AWS_LAMBDA_TENANT_ID'),
};

class InvokeStoreSingle {
  getContext() {
    return this.currentContext;
  }
  hasContext() {
    return this.currentContext !== undefined;
  }
  get(key) {
    return this.currentContext?.[key];
  }
  set(key, value) {
    if (Object.values(STORE_KEYS).includes(key)) {
      throw new Error(`Cannot modify protected Lambda context field: ${String(key)}`);
    }
    this.currentContext = { ...this.currentContext, [key]: value };
  }
  run(context, body) {
    this.currentContext = context;
    return body();
  }
  getRequestId() {
    return this.get(STORE_KEYS.REQUEST_ID) ?? '-';
  }
  getXRayTraceId() {
    return this.get(STORE_KEYS.X_RAY_TRACE_ID);
  }
  getTenantId() {
    return this.get(STORE_KEYS.TENANT_ID);
  }
}

function defineGlobals(store) {
  if (['1', 'true'].includes(env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA)) return;
  globalThis.awslambda = { ...(store && { InvokeStore: store }), streamifyResponse, HttpResponseStream };
}

// ---- The context object (InvokeContext.js; context/ of 4.0) ------------------------------------------

function parseJsonHeader(text, name) {
  if (!text) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`Cannot parse ${name} as json: ${error}`);
  }
}

function environmentFields() {
  return {
    ...(modern && { functionName: env.AWS_LAMBDA_FUNCTION_NAME }), // the order is that of AWS's client
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
  };
}

/** The deadline counts from now, when the handler begins: the invocation may have been sent long ago. */
function headerFields(headers) {
  const remaining = headers['lambda-scenarios-remaining-ms'];
  const deadline =
    remaining === undefined
      ? Number(headers['lambda-runtime-deadline-ms'])
      : Date.now() + Math.round(Number(remaining));
  return {
    clientContext: parseJsonHeader(headers['lambda-runtime-client-context'], 'ClientContext'),
    identity: parseJsonHeader(headers['lambda-runtime-cognito-identity'], 'CognitoIdentity'),
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    tenantId: headers['lambda-runtime-aws-tenant-id'],
    ...(modern && { xRayTraceId: headers['lambda-runtime-trace-id'] ?? '' }),
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

/** Complete `context` with what every invocation has, and apply the scenario's own changes. */
function completeContext(context, headers) {
  if (modern) Object.assign(context, headerFields(headers), environmentFields());
  else Object.assign(context, environmentFields(), headerFields(headers));
  const override = headers['lambda-scenarios-context'];
  if (override === undefined) return context;
  const { replace, set } = JSON.parse(override);
  return replace === undefined ? Object.assign(context, set) : replace;
}

// ---- Response streams (ResponseStream.js) -----------------------------------------------------------

/**
 * Make the stream that a streaming handler writes to. It gathers what is written: the response leaves
 * when it is complete, so that a process that dies on the way leaves no half of it on the connection.
 * Returns `{stream, contentType(), body()}`.
 */
function createResponseStream(highWaterMark) {
  const { Writable } = require('stream');
  const chunks = [];
  let contentType = 'application/octet-stream';
  let begun = false;
  const stream = new Writable({
    highWaterMark,
    write(chunk, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  stream.setContentType = (type) => {
    if (begun) throw runtimeError('InvalidStreamingOperation', 'Cannot set content-type, too late.');
    contentType = type;
  };
  const write = stream.write.bind(stream);
  stream.write = (chunk, encoding, callback) => {
    const isArray = modern ? chunk instanceof Uint8Array : chunk?.constructor === Uint8Array;
    const isData = typeof chunk === 'string' || Buffer.isBuffer(chunk) || isArray;
    const data = isData ? chunk : JSON.stringify(chunk);
    if (!begun && typeof stream._onBeforeFirstWrite === 'function') {
      stream._onBeforeFirstWrite((first) => write(first));
    }
    begun = true;
    return write(data, encoding, callback);
  };
  return { stream, contentType: () => contentType, body: () => Buffer.concat(chunks) };
}

// ---- Invocations ------------------------------------------------------------------------------------

const headerText = (value) => String(value).replace(/[^\x20-\x7e]/g, '?');

const isPromise = (value) => Boolean(value && value.then && typeof value.then === 'function');

// Handlers are called as methods of objects of these classes: their names stand in stack traces.
class Runtime {}
class BufferedInvokeProcessor {}
class StreamingInvokeProcessor {}

/**
 * Run the client: load the handler, ask for `credits` invocations, and handle what comes. `onAnswer`, if given,
 * is called when the handler is loaded, and after each answer.
 */
async function main(credits, nonce, onAnswer) {
  const ready = []; // invocations that arrived and have not begun
  let current = null; // {id, began}: the one that is being handled
  let scheduled = false;
  let loading = true;
  let failed = false; // to load
  let onEmptyLoop = null; // what 3.3 keeps in BeforeExitListener.js
  let invoke;
  openMarker();
  const peakMemory = createMemoryGauge();
  const store = modern ? new InvokeStoreSingle() : undefined;
  const { socket, send } = connect(env.AWS_LAMBDA_RUNTIME_API, (response) => {
    if (failed) {
      process.exit(1); // the answer to the error of loading
    } else if (response.headers['lambda-runtime-aws-request-id'] !== undefined) {
      ready.push(response);
      if (current === null && !scheduled) begin();
    }
  });
  const host = `Host: ${env.AWS_LAMBDA_RUNTIME_API}\r\n`;
  const getNext = `GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n${host}\r\n`;

  function begin() {
    scheduled = false;
    const { headers, body } = ready.shift();
    const invocation = { id: headers['lambda-runtime-aws-request-id'], began: 0 };
    current = invocation;
    onEmptyLoop = null;
    socket.unref(); // from here on only the handler's own work keeps the event loop busy
    globalThis[REQUEST_ID] = invocation.id;
    globalThis[TENANT_ID] = headers['lambda-runtime-aws-tenant-id'];
    const trace = headers['lambda-runtime-trace-id'] ?? '';
    if (trace) env._X_AMZN_TRACE_ID = trace;
    else delete env._X_AMZN_TRACE_ID;
    invocation.began = performance.now();
    if (store === undefined) invoke(invocation, headers, body);
    else {
      const context = { [STORE_KEYS.REQUEST_ID]: invocation.id, [STORE_KEYS.X_RAY_TRACE_ID]: trace };
      store.run(context, () => invoke(invocation, headers, body));
    }
  }

  /**
   * End an invocation: marker, answer, and the next request in one write; what comes for one that has
   * ended is dropped. With `then`, no further one is asked for, and it is called when all is sent;
   * `Connection: close` tells the other side that invocations sent ahead will not begin here.
   */
  function finish(invocation, action, headers, body, then) {
    if (current !== invocation) return;
    const micros = Math.round((performance.now() - invocation.began) * 1000);
    current = null;
    onEmptyLoop = null;
    writeMarker(nonce, invocation.id);
    const path = `/2018-06-01/runtime/invocation/${encodeURIComponent(invocation.id)}/${action}`;
    const memory = `Lambda-Scenarios-Memory-Kb: ${peakMemory()}\r\n`;
    const figures = `Lambda-Scenarios-Duration-Us: ${micros}\r\n${memory}`;
    const closing = then ? 'Connection: close\r\n' : '';
    const head = `POST ${path} HTTP/1.1\r\n${host}${closing}${figures}${headers}\r\n`;
    const tail = then ? '' : getNext;
    const whole = Buffer.isBuffer(body)
      ? Buffer.concat([Buffer.from(head), body, Buffer.from(tail)])
      : head + body + tail;
    socket.ref();
    send(whole, then);
    if (onAnswer !== undefined) onAnswer();
    const tooLarge = !headers.includes('streaming') && Buffer.byteLength(body) > PAYLOAD_LIMIT;
    if (tooLarge && Number(credits) > 1) {
      scheduled = true; // the runner takes a new worker after this: what lies ready begins there
      return;
    }
    if (!then && ready.length > 0) {
      scheduled = true;
      setImmediate(begin);
    }
  }

  const jsonHeaders = (text) =>
    `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n`;

  function respond(invocation, result) {
    let text;
    try {
      text = JSON.stringify(result === undefined ? null : result);
    } catch {
      const message = 'Unable to stringify response body';
      throw modern ? runtimeError('JSONStringifyError', message) : new Error(message);
    }
    if (text === undefined) throw new TypeError('Wrong arguments'); // a function: rapid-client.cc says so
    finish(invocation, 'response', jsonHeaders(text), text);
  }

  function postError(invocation, error, then) {
    const body = errorBody(error);
    const text = JSON.stringify(body);
    const type = `Lambda-Runtime-Function-Error-Type: ${headerText(body.errorType)}\r\n`;
    finish(invocation, 'error', type + jsonHeaders(text), text, then);
  }

  function failInvocation(invocation, error) {
    logError('Invoke Error', error);
    postError(invocation, error);
  }

  // As 3.3 does it (Runtime.handleOnceNonStreaming, CallbackContext.js).
  function invokeWithCallback(runtime, invocation, headers, body) {
    let finished = false;
    let completed = false;
    let waits = true;
    const complete = (result) => {
      if (completed) {
        console.error(
          'Invocation has already been reported as done. Cannot call complete more than once per invocation.',
        );
        return;
      }
      completed = true;
      respond(invocation, result);
    };
    const settle = (error, result, wait) => {
      if (current === invocation) onEmptyLoop = null;
      if (error !== undefined && error !== null) failInvocation(invocation, error);
      else if (!wait) complete(result);
      else if (current === invocation) onEmptyLoop = () => setImmediate(complete, result);
    };
    const once = (call) => (first, second) => {
      if (finished) return;
      call(first, second);
      finished = true; // not where the call threw: a result that can't be serialised may still be failed
    };
    const callback = once((error, result) => settle(error, result, waits));
    const context = {
      get callbackWaitsForEmptyEventLoop() {
        return waits;
      },
      set callbackWaitsForEmptyEventLoop(value) {
        waits = value;
      },
      succeed: once((result) => settle(null, result, false)),
      fail: once((error) => settle(error === undefined || error === null ? 'handled' : error, null, false)),
      done: once((error, result) => settle(error, result, false)),
    };
    const { succeed, fail } = context;
    onEmptyLoop = () => {
      completed = true;
      if (isAsync(runtime.handler)) failInvocation(invocation, neverSettled());
      else respond(invocation, null);
    };
    try {
      const result = runtime.handler(JSON.parse(body), completeContext(context, headers), callback);
      if (isPromise(result)) result.then(succeed, fail).catch(fail);
    } catch (error) {
      callback(error);
    }
  }

  // As 4.0 does it (BufferedInvokeProcessor, LifecycleManager).
  async function invokeAsync(processor, invocation, headers, body) {
    try {
      const result = await processor.handler(JSON.parse(body), completeContext({}, headers));
      await new Promise((resolve) => setImmediate(resolve));
      respond(invocation, result);
    } catch (error) {
      await new Promise((resolve) => setImmediate(resolve));
      failInvocation(invocation, error);
    }
  }

  // Runtime.handleOnceStreaming and StreamingContext.js of 3.3, StreamingInvokeProcessor of 4.0. With a
  // stream that is never ended, Lambda waits for its timeout; here it is said as soon as it is certain.
  async function invokeStreaming(processor, invocation, headers, body) {
    const response = createResponseStream(processor.handler[HIGH_WATER_MARK]);
    let waits = !modern;
    const context = modern
      ? {}
      : {
          get callbackWaitsForEmptyEventLoop() {
            return waits;
          },
          set callbackWaitsForEmptyEventLoop(value) {
            waits = value;
          },
        };
    const ended = new Promise((resolve, reject) => response.stream.on('finish', resolve).on('error', reject));
    ended.catch(() => {}); // it is awaited later, or the handler fails of the same
    const deliver = (error) => {
      const send = () => finish(invocation, 'response', ...streamed(response, error));
      if (waits && current === invocation) onEmptyLoop = () => setImmediate(send);
      else send();
    };
    const fail = (error) => {
      logError('Invoke Error', error);
      // After the end, there is no place left for trailers: the caller has the whole response.
      deliver(response.stream.writableEnded ? undefined : errorBody(error));
    };
    try {
      if (!modern) onEmptyLoop = () => failInvocation(invocation, neverSettled());
      const result = processor.handler(JSON.parse(body), response.stream, completeContext(context, headers));
      if (!isPromise(result)) {
        const message = 'Streaming does not support non-async handlers.';
        return fail(modern ? new Error(message) : message);
      }
      if ((await result) !== undefined) console.warn('Streaming handlers ignore return values.');
      const message = 'Response stream is not finished.';
      onEmptyLoop = () => {
        waits = false; // it is empty already
        fail(modern ? new Error(message) : message);
      };
      await ended;
      onEmptyLoop = null;
      return deliver();
    } catch (error) {
      return fail(error);
    }
  }

  function crash(headline, error, status) {
    logError(headline, error);
    if (loading) failLoading(error);
    else if (current === null) process.exit(status); // between invocations there is nobody to tell
    else postError(current, error, () => process.exit(status));
  }

  function failLoading(error) {
    if (failed) return;
    failed = true;
    const body = errorBody(error);
    const text = JSON.stringify(body);
    writeMarker(nonce, 'init');
    socket.ref();
    send(
      `POST /2018-06-01/runtime/init/error HTTP/1.1\r\n${host}${jsonHeaders(text)}` +
        `Lambda-Runtime-Function-Error-Type: ${headerText(body.errorType)}\r\n\r\n${text}`,
    );
  }

  makeStreamsBlocking();
  patchConsole();
  if (modern) logRequestId = () => store.getRequestId();
  defineGlobals(store);
  process.on('beforeExit', () => {
    if (loading && !modern) process.exitCode = 13; // Node.js's own for a module that never settles
    if (onEmptyLoop !== null) onEmptyLoop();
  });
  if (!modern) {
    process.on('uncaughtException', (error) => crash('Uncaught Exception', error, 129));
    process.on('unhandledRejection', (reason, promise) => {
      const error = runtimeError('UnhandledPromiseRejection', reason);
      crash('Unhandled Promise Rejection', Object.assign(error, { reason, promise }), 128);
    });
  }

  try {
    process.chdir(env.LAMBDA_TASK_ROOT);
    // The connection is opened before the handler is loaded, but must not keep a process alive whose
    // handler never finishes loading.
    socket.unref();
    const handler = await loadHandler(env.LAMBDA_TASK_ROOT, env._HANDLER);
    const streaming = isStreaming(handler);
    if (!streaming) judgeCallback(handler);
    const type = !modern ? Runtime : streaming ? StreamingInvokeProcessor : BufferedInvokeProcessor;
    const processor = Object.assign(new type(), { handler });
    const kind = streaming ? invokeStreaming : modern ? invokeAsync : invokeWithCallback;
    invoke = kind.bind(null, processor);
  } catch (error) {
    logError(modern ? 'Init Error' : 'Uncaught Exception', error);
    failLoading(error);
    return;
  }
  if (failed) return; // by an error outside of the module's own run
  writeMarker(nonce, 'init');
  loading = false;
  socket.ref();
  send(getNext.repeat(Number(credits)));
  if (onAnswer !== undefined) onAnswer();
}

function neverSettled() {
  return runtimeError(
    'NodeJsExit',
    'The Lambda runtime client detected an unexpected Node.js exit code. ' +
      'This is most commonly caused by a Promise that was never settled. ' +
      'For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes',
  );
}

/** Headers and body of a streamed response; `error` (as posted) goes into its trailers. */
function streamed(response, error) {
  const body = response.body();
  const size = Buffer.from(body.length.toString(16) + '\r\n');
  const chunk = body.length > 0 ? [size, body, Buffer.from('\r\n')] : []; // an empty one would be the last
  let trailers = '';
  if (error !== undefined) {
    const encoded = Buffer.from(JSON.stringify(error)).toString('base64');
    trailers =
      `Lambda-Runtime-Function-Error-Type: ${headerText(error.errorType)}\r\n` +
      `Lambda-Runtime-Function-Error-Body: ${encoded}\r\n`;
  }
  const headers =
    'Lambda-Runtime-Function-Response-Mode: streaming\r\n' +
    `Content-Type: ${headerText(response.contentType())}\r\n` +
    'Trailer: Lambda-Runtime-Function-Error-Type\r\nTrailer: Lambda-Runtime-Function-Error-Body\r\n' +
    'Transfer-Encoding: chunked\r\n';
  return [headers, Buffer.concat([...chunk, Buffer.from(`0\r\n${trailers}\r\n`)])];
}

/** Begin as the program of this process, whose last arguments are credits and nonce. */
function start(onAnswer) {
  const [credits, nonce] = process.argv.slice(-2);
  // What the handler sees of the process is what it sees in Lambda, where an ES module is the program.
  process.argv = [process.argv[0], PLACE_IN_LAMBDA];
  process.mainModule = undefined;
  delete require.cache[__filename];
  main(credits, nonce, onAnswer);
}

if (require.main === module) start();
else module.exports = { createResponseParser, start };

//# sourceURL=file:///var/runtime/index.mjs
