import { readFileSync } from 'node:fs';

const { name } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8'));

export default {
  service: name,
  provider: { name: 'aws', runtime: 'nodejs20.x' },
  functions: { one: { handler: 'one.handler', environment: { SERVICE: '${self:service}' } } },
};
