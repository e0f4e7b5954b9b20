import { readFileSync } from 'node:fs';

const templates = JSON.parse(readFileSync(new URL('../data/messages.json', import.meta.url), 'utf8'));

export class PermanentError extends Error {
  name = 'PermanentError';
}

/** The text of a message. Another attempt would fail alike, so what is wrong with it is permanent. */
export function render(template, values) {
  const text = templates[template];
  if (text === undefined) throw new PermanentError(`there is no template ${template}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    if (values?.[name] === undefined) throw new PermanentError(`${template} needs ${name}`);
    return values[name];
  });
}
