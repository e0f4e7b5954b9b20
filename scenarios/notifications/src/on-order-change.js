// The stream of the order table: a change of status becomes a message.
import { log } from './log.js';

const TEMPLATES = { open: 'order-confirmed', shipped: 'order-shipped', cancelled: 'order-cancelled' };

/** From DynamoDB's typed attributes to plain values. */
function plain(attribute) {
  const [[type, value]] = Object.entries(attribute);
  switch (type) {
    case 'S':
    case 'BOOL':
      return value;
    case 'N':
      return Number(value);
    case 'NULL':
      return null;
    case 'L':
      return value.map(plain);
    case 'M':
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
    default:
      throw new Error(`attributes of type ${type} are not expected`);
  }
}

export const handler = async (event) => {
  const messages = [];
  for (const { eventName, dynamodb } of event.Records) {
    try {
      const before = dynamodb.OldImage ? plain({ M: dynamodb.OldImage }) : {};
      const after = dynamodb.NewImage ? plain({ M: dynamodb.NewImage }) : {};
      if (eventName === 'REMOVE' || before.status === after.status) continue;
      messages.push({
        template: TEMPLATES[after.status],
        to: after.contact ?? null,
        values: { order: after.id, total: `${after.total.amount.toFixed(2)} ${after.total.currency}` },
      });
    } catch (error) {
      log('error', 'stopped', { sequenceNumber: dynamodb.SequenceNumber, reason: error.message });
      // A stream is read in order: everything from this record on comes again.
      return { messages, batchItemFailures: [{ itemIdentifier: dynamodb.SequenceNumber }] };
    }
  }
  return { messages, batchItemFailures: [] };
};
