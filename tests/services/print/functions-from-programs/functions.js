module.exports.functions = ({ options }) => Object.fromEntries(['one', 'two'].map((name) => [
  name, { handler: `${name}.handler`, environment: { NAME: name, TABLE: '${self:custom.table}' } },
]));
module.exports.custom = { table: 'table-${sls:stage}' };
