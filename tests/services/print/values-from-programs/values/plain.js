module.exports = {
  timeout: 8,
  deep: { value: 'deep' },
  list: ['zero', 'one'],
  variable: '${self:service}-${sls:stage}',
  later: Promise.resolve('late'),
  nothing: null,
};
