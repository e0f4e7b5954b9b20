// Alerts of a topic, in the callback style that many older functions have. .cjs: a CommonJS module.
'use strict';

exports.handler = (event, context, callback) => {
  // An open timer would keep the invocation alive until it fires.
  context.callbackWaitsForEmptyEventLoop = false;
  const watchdog = setTimeout(() => {}, 60_000);
  watchdog.refresh();

  const muted = (process.env.MUTED ?? '').split(',');
  const alerts = event.Records.map(({ Sns }) => ({ subject: Sns.Subject, ...JSON.parse(Sns.Message) }));
  const broken = alerts.find(({ severity }) => !['info', 'warning', 'critical'].includes(severity));
  if (broken) {
    callback(new RangeError(`${broken.subject}: unknown severity ${broken.severity}`));
    return;
  }
  const loud = alerts.filter(({ kind }) => !muted.includes(kind));
  for (const { subject, severity } of loud) console.error('%s: %s', severity.toUpperCase(), subject);
  callback(null, { received: alerts.length, paged: loud.filter((a) => a.severity === 'critical').length });
};
