'use strict';

exports.exit = async () => process.exit(3);
exports.exitZero = () => process.exit(0);
exports.killed = async () => process.kill(process.pid, 'SIGKILL');
exports.neverSettled = async () => new Promise(() => {});
exports.neverSettledSync = () => new Promise(() => {});
exports.unhandledRejection = async () => {
  Promise.reject(new Error('nobody caught it'));
  await new Promise((resolve) => setTimeout(resolve, 1000));
};
exports.unhandledText = async () => {
  Promise.reject('text');
  await new Promise((resolve) => setTimeout(resolve, 1000));
};
exports.uncaught = async () => {
  setTimeout(() => { throw new Error('thrown by a timer'); }, 1);
  await new Promise((resolve) => setTimeout(resolve, 1000));
};
let count = 0;
exports.counts = async () => ++count;
exports.syncThenNext = () => { count += 1; return count; };
exports.timerAfterwards = async () => {
  setTimeout(() => { count += 10; }, 1);
  return count;
};
