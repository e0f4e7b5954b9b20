module.exports.make = async ({ resolveConfigurationProperty }) => ({
  region: await resolveConfigurationProperty(['provider', 'region']),
});
module.exports.nested = { late: () => new Promise((resolve) => setImmediate(resolve, 'late')) };
