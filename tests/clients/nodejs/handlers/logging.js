'use strict';

console.log('at load');

exports.levels = async () => {
  for (const level of ['trace', 'debug', 'info', 'log', 'warn', 'error', 'fatal']) console[level]('to', level);
};
exports.formats = async () => {
  console.log();
  console.log('two\nlines %s %d', 'text', 7, { more: [1, 2] });
  console.log({ a: { b: { c: { d: 1 } } } });
  console.log(undefined, null, 10n, Symbol('s'));
  console.log('');
  console.info([1, 'two']);
};
exports.errors = async () => {
  console.error(new TypeError('alone'));
  console.error('with text', new RangeError('second'));
  console.error(Object.assign(new Error('more'), { code: 'E_MORE' }));
};
exports.circular = async () => {
  const value = { name: 'value' };
  value.self = value;
  console.log(value);
};
exports.raw = async () => {
  process.stdout.write('no newline');
  process.stderr.write(' then stderr\n');
  require('fs').writeSync(1, 'fs\n');
};
exports.table = async () => {
  console.table([{ a: 1 }]);
  console.dir({ a: 1 });
  console.assert(false, 'asserted');
  console.group('group');
  console.log('inside');
  console.groupEnd();
};
exports.fails = async () => {
  throw new Error('for the log');
};
exports.replaced = async () => {
  const lines = [];
  const write = process.stdout.write;
  process.stdout.write = (text) => lines.push(text);
  console.log('caught');
  process.stdout.write = write;
  return lines.map((line) => line.replace(/^\S+\t/, ''));
};
