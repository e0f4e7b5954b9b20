const memory = { dev: 128, prod: 1024 };

module.exports = {
  service: 'program-object',
  custom: { memory, left: undefined, made: new Date(0), call() { return 1; } },
  provider: {
    name: 'aws',
    runtime: 'nodejs20.x',
    environment: { STAGE: '${sls:stage}', FROM_SHELL: process.env.GIVEN, MADE: '${self:custom.made}' },
  },
  functions: Object.fromEntries(['one', 'two'].map((name) => [name, {
    handler: `src/${name}.handler`,
    memorySize: '${self:custom.memory.${sls:stage}}',
    environment: { NAME: name, CALLED: () => 1 },
  }])),
};
