'use strict';

exports.keys = async (event, context) => {
  const kinds = {};
  for (const key of Object.keys(context)) kinds[key] = typeof context[key];
  return Object.entries(kinds);
};
exports.values = async (event, context) => context;
exports.all = async (event, context) => ({ context, missing: context.noSuchThing === undefined });
exports.replaced = async (event, context) => ({ context, type: typeof context });
exports.remaining = async (event, context) => {
  const before = context.getRemainingTimeInMillis();
  await new Promise((resolve) => setTimeout(resolve, event.wait || 0));
  return { before, after: context.getRemainingTimeInMillis(), whole: Number.isInteger(before) };
};
exports.trace = async () => process.env._X_AMZN_TRACE_ID ?? 'none';
exports.store = async () => {
  const store = globalThis.awslambda.InvokeStore;
  if (!store) return 'no store';
  let refused;
  try {
    store.set(Symbol.for('_AWS_LAMBDA_REQUEST_ID'), 'x');
  } catch (error) {
    refused = error.message;
  }
  store.set('mine', 1);
  return [store.getRequestId(), store.getXRayTraceId() ?? null, store.get('mine'), store.hasContext(), refused];
};
const before = new Set(['awslambda']);
exports.globals = async () => ({
  names: Object.getOwnPropertyNames(globalThis).filter((name) => before.has(name) || /lambda|client|parser/i.test(name)),
  awslambda: Object.keys(globalThis.awslambda).sort(),
  argv: process.argv.slice(1).map((arg) => require('path').basename(arg)),
  main: require.main === undefined,
  cwd: process.cwd() === process.env.LAMBDA_TASK_ROOT,
});
