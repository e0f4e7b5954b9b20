module.exports = async ({ options }) => ({ FROM_FUNCTION: 'yes', STAGE: options.stage || 'none' });
