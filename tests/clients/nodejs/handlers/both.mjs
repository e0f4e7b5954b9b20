export const handler = async () => 'both: mjs';
