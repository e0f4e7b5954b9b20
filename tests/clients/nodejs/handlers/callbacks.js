'use strict';

exports.result = (event, context, callback) => callback(null, { from: 'callback' });
exports.error = (event, context, callback) => callback(new Error('called back'));
exports.textError = (event, context, callback) => callback('text');
exports.falsyError = (event, context, callback) => callback(0, 'not reached');
exports.twice = (event, context, callback) => {
  callback(null, 'first');
  callback(null, 'second');
};
exports.never = (event, context, callback) => {
  void callback;
};
exports.later = (event, context, callback) => {
  setTimeout(() => callback(null, 'later'), 2);
};
exports.waits = (event, context, callback) => {
  setTimeout(() => console.log('the loop was not empty'), 2);
  callback(null, 'waited');
};
exports.doesNotWait = (event, context, callback) => {
  context.callbackWaitsForEmptyEventLoop = false;
  const timer = setInterval(() => {}, 1000);
  callback(null, String(context.callbackWaitsForEmptyEventLoop) + typeof timer);
};
exports.changesWhileWaiting = (event, context, callback) => {
  const result = { value: 'early' };
  callback(null, result);
  setTimeout(() => { result.value = 'late'; }, 1);
};
exports.circular = (event, context, callback) => {
  const result = {};
  result.self = result;
  callback(null, result);
};
exports.circularAtOnce = (event, context, callback) => {
  context.callbackWaitsForEmptyEventLoop = false;
  const result = {};
  result.self = result;
  callback(null, result);
};
exports.asyncToo = async (event, context, callback) => {
  callback(null, 'by callback');
  return 'by return';
};
exports.done = (event, context) => context.done(null, 'done');
exports.doneError = (event, context) => context.done(new Error('done'));
exports.succeed = (event, context) => context.succeed({ from: 'succeed' });
exports.succeedThenExit = (event, context) => {
  context.succeed('sent before the exit');
  process.exit(0);
};
exports.fail = (event, context) => context.fail(new Error('failed'));
exports.failNothing = (event, context) => context.fail();
exports.four = (event, context, callback, more) => callback(null, String(more));
exports.rest = (...args) => args[2](null, args.length);
