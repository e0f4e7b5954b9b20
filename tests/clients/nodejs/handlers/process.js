'use strict';

const fs = require('fs');
const path = require('path');

let running = 0;
exports.oneAtATime = async (event) => {
  running += 1;
  const seen = running;
  await new Promise((resolve) => setTimeout(resolve, event % 3));
  running -= 1;
  return seen;
};
exports.started = async () => {
  process.on('exit', () => console.log('an exit listener ran'));
  setInterval(() => {}, 1000);
  console.log('started');
  await new Promise((resolve) => setTimeout(resolve, 60000));
};
exports.idle = async () => {
  process.on('exit', () => console.log('an exit listener ran'));
};
let kept;
exports.allocate = async (event) => {
  kept = Buffer.alloc(event.bytes, 1);
  return kept.length;
};
exports.waits = async (event) => {
  await new Promise((resolve) => setTimeout(resolve, event.ms));
};
exports.where = async () => ({
  cwd: fs.realpathSync('.') === fs.realpathSync(process.env.LAMBDA_TASK_ROOT),
  argv: process.argv.slice(1),
  main: require.main === undefined && process.mainModule === undefined,
  cached: Object.keys(require.cache).map((name) => path.basename(name)),
  parent: path.basename(module.parent?.filename ?? ''),
});
exports.timerBetween = async () => {
  setImmediate(() => { throw new Error('after the answer'); });
};
