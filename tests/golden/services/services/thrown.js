const table = (name) => name.toLowerCase();

module.exports = {
  service: 'orders',
  provider: {name: 'aws', runtime: 'python3.11'},
  functions: {one: {handler: 'app.handler', environment: {TABLE: table(process.env.NO_SUCH_TABLE)}}},
};
