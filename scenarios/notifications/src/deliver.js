// A FIFO queue, with partial batch failures: what is named in `batchItemFailures` comes again, the rest is
// deleted. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
import { send } from './channels.js';
import { log } from './log.js';
import { PermanentError, render } from './messages.js';

class NotAQueueEvent extends Error {
  name = 'NotAQueueEvent';
}

export const handler = async (event, context) => {
  if (!Array.isArray(event?.Records)) throw new NotAQueueEvent('the event has no Records');
  const batchItemFailures = [];
  const blocked = new Set();
  for (const record of event.Records) {
    const group = record.attributes?.MessageGroupId;
    // Within a group the order counts: after a failure, the later ones have to wait as well.
    if (group !== undefined && blocked.has(group)) {
      batchItemFailures.push({ itemIdentifier: record.messageId });
      continue;
    }
    try {
      const { channel, to, template, values } = parse(record.body);
      await send(channel, to, render(template, values));
    } catch (error) {
      const attempt = Number(record.attributes?.ApproximateReceiveCount ?? 1);
      const gone = error instanceof PermanentError || attempt >= Number(process.env.MAX_ATTEMPTS);
      log(gone ? 'error' : 'warn', gone ? 'given up' : 'will be tried again', {
        messageId: record.messageId,
        attempt,
        reason: error.message,
        requestId: context.awsRequestId,
      });
      if (!gone) {
        batchItemFailures.push({ itemIdentifier: record.messageId });
        if (group !== undefined) blocked.add(group);
      }
    }
  }
  return { batchItemFailures };
};

function parse(body) {
  try {
    return JSON.parse(body);
  } catch {
    throw new PermanentError('the body is not JSON');
  }
}
