module.exports = async ({ options, resolveVariable, resolveConfigurationProperty }) => ({
  stage: await resolveVariable('sls:stage'),
  service: await resolveConfigurationProperty(['service']),
  number: await resolveVariable('self:custom.number'),
  fallback: await resolveVariable("env:NOWHERE, 'fallback'"),
  file: await resolveVariable('file(values/plain.js):deep.value'),
  option: options.stage || 'no stage',
});
