'use strict';

const { spawnSync } = require('child_process');

exports.handler = async (event) => {
  const n = event.n;
  process.stdout.write(`out ${n}\n`);
  process.stderr.write(`err ${n}\n`);
  if (n % 20 === 3) spawnSync('sh', ['-c', `echo child ${n}; echo child error ${n} >&2`], { stdio: 'inherit' });
  if (n % 50 === 7) process.stdout.write(`${n} `.repeat(50000) + '\n');
  if (n % 50 === 8) console.log('x'.repeat(200000));
  if (n % 7 === 1) await new Promise((resolve) => setImmediate(resolve));
  process.stderr.write(`end ${n}`);
  if (n % 30 === 5) throw new Error(`error ${n}`);
  return n;
};
exports.bigThenExit = () => {
  process.stdout.write('a'.repeat(300000));
  process.stderr.write('b'.repeat(300000));
  process.exit(7);
};
exports.closesStdout = async (event) => {
  if (event.n === 1) require('fs').closeSync(1);
  else process.stderr.write(`still here ${event.n}`);
  return event.n;
};
