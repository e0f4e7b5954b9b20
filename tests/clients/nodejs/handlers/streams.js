'use strict';

const { awslambda } = globalThis;
const { Readable } = require('stream');
const { pipeline } = require('stream/promises');

exports.simple = awslambda.streamifyResponse(async (event, stream, context) => {
  stream.setContentType('text/plain');
  stream.write('hello ');
  stream.write(Buffer.from(event.name));
  stream.write(` from ${context.functionName}`);
  stream.end();
});
exports.prelude = awslambda.streamifyResponse(async (event, stream) => {
  const http = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { 'x-a': 'b' } });
  http.write('<p>');
  http.write('body</p>');
  http.end();
});
exports.piped = awslambda.streamifyResponse(async (event, stream) => {
  await pipeline(Readable.from(['a', 'b', 'c']), stream);
});
exports.objects = awslambda.streamifyResponse(async (event, stream) => {
  stream.write({ a: 1 });
  stream.end();
});
exports.empty = awslambda.streamifyResponse(async (event, stream) => {
  stream.end();
});
exports.failsFirst = awslambda.streamifyResponse(async () => {
  throw new Error('before the first byte');
});
exports.failsMidway = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('half');
  throw new RangeError('midway');
});
exports.returns = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('streamed');
  stream.end();
  return 'ignored';
});
exports.sync = awslambda.streamifyResponse((event, stream) => {
  stream.write('sync');
  stream.end();
});
exports.tooLate = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('x');
  stream.setContentType('text/html');
});
exports.waterMark = awslambda.streamifyResponse(
  async (event, stream) => {
    stream.write('x'.repeat(100));
    stream.end();
  },
  { highWaterMark: 16 },
);
exports.unfinished = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('never ended');
});
async function odd() {}
odd[Symbol.for('aws.lambda.runtime.handler.streaming')] = 'request';
exports.odd = odd;
