const configuration = async () => ({
  service: 'program-promise',
  provider: { name: 'aws', runtime: 'nodejs20.x', timeout: 4 },
  functions: { one: { handler: 'one.handler', environment: { A: await Promise.resolve('awaited') } } },
});

module.exports = configuration();
