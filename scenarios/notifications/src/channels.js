import { log } from './log.js';
import { PermanentError } from './messages.js';

const down = () => new Set((process.env.CHANNELS_DOWN ?? '').split(',').filter(Boolean));

async function email(to, text) {
  if (!/^[^@\s]+@[^@\s]+$/.test(to)) throw new PermanentError(`${to} is no address`);
  log('info', 'sent', { channel: 'email', from: process.env.SENDER, to, text });
}

async function sms(to, text) {
  if (text.length > 160) throw new PermanentError('the text is too long for one message');
  log('info', 'sent', { channel: 'sms', to, text });
}

const channels = { email, sms };

/** Sends by the channel; rejects where it can't be reached at the moment. */
export async function send(channel, to, text) {
  if (!Object.hasOwn(channels, channel)) throw new PermanentError(`there is no channel ${channel}`);
  if (down().has(channel)) throw new Error(`${channel} can't be reached`);
  await channels[channel](to, text);
}
