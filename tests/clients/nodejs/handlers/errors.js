'use strict';

class OrderError extends Error {
  constructor(message) {
    super(message);
    this.name = 'OrderError';
    this.orderId = 17;
    this.code = 'E_ORDER';
  }
}

exports.plain = async () => {
  throw new Error('boom');
};
exports.sync = () => {
  throw new TypeError('at once');
};
exports.custom = async () => {
  throw new OrderError('order 17\nis gone \x7F');
};
exports.later = async () => {
  await new Promise((resolve) => setTimeout(resolve, 1));
  throw new RangeError('later');
};
exports.inner = async () => helper({ deep: true });
function helper(value) {
  return value.missing.property;
}
exports.string = async () => {
  throw 'just text';
};
exports.number = async () => {
  throw 42;
};
exports.undef = async () => {
  throw undefined;
};
exports.nul = async () => {
  throw null;
};
exports.object = async () => {
  throw { reason: 'object' };
};
exports.objectToString = async () => {
  throw { toString: () => 'described' };
};
exports.looksLike = async () => {
  throw { name: 'Look', message: 'alike', stack: 'Look: alike\n    at nowhere' };
};
exports.nullPrototype = async () => {
  throw Object.create(null);
};
exports.syncString = () => {
  throw 'sync text';
};
exports.syncUndefined = () => {
  throw undefined;
};
exports.numericName = async () => {
  const error = new Error('named by a number');
  error.name = 42;
  throw error;
};
exports.emptyName = async () => {
  const error = new Error('');
  error.name = '';
  throw error;
};
exports.noStack = async () => {
  const error = new Error('without a stack');
  error.stack = undefined;
  throw error;
};
exports.getterThrows = async () => {
  const error = new Error('with a trap');
  Object.defineProperty(error, 'message', { get() { throw new Error('trap'); } });
  throw error;
};
exports.circular = async () => {
  const error = new Error('circular');
  error.self = error;
  throw error;
};
exports.cause = async () => {
  throw new Error('outer', { cause: new TypeError('inner') });
};
exports.aggregate = async () => Promise.any([Promise.reject(new Error('one')), Promise.reject(new Error('two'))]);
exports.inspectThrows = async () => {
  console.log({ [Symbol.for('nodejs.util.inspect.custom')]() { throw new Error('inspected'); } });
};
exports.printed = async () => {
  console.error(new Error('printed'));
  return 'ok';
};
