const value = await Promise.resolve(42);
export const handler = async () => ({ value, url: import.meta.url.split('/').pop() });
export default { inner: async () => 'inner' };
