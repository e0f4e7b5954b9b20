'use strict';

exports.echo = async (event) => event;
exports.nothing = async () => {};
exports.nul = async () => null;
exports.nested = { deep: { handler: async () => 'deep' } };
exports.promise = () => Promise.resolve({ from: 'promise' });
exports.thenable = () => ({ then: (resolve) => resolve('thenable'), catch() {} });
exports.thenableWithoutCatch = () => ({ then: (resolve) => { resolve('thenable'); } });
exports.sync = () => ({ from: 'sync' });
exports.syncTwo = (event, context) => ({ id: context.awsRequestId });
exports.circular = async () => {
  const result = {};
  result.self = result;
  return result;
};
exports.bigint = async () => ({ big: 10n });
exports.func = async () => () => 1;
exports.symbol = async () => Symbol('s');
exports.toJson = async () => ({ toJSON: () => ({ replaced: true }) });
exports.toJsonThrows = async () => ({ toJSON() { throw new RangeError('no JSON'); } });
exports.odd = async () => ({ date: new Date(0), nan: NaN, inf: Infinity, undef: undefined, fn() {}, map: new Map([[1, 2]]), buffer: Buffer.from('ab'), list: [undefined, () => 1] });
exports.text = async () => 'žluťoučký 🐎 \u2028 \ud800';
exports.big = async () => 'x'.repeat(3000000);
exports.notFunction = 42;
exports.callsThis = async function () {
  return this.constructor.name;
};
