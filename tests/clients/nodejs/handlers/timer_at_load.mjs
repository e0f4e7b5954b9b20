setTimeout(() => { throw new Error('timer while loading'); }, 0);
await new Promise((resolve) => setTimeout(resolve, 2000));
export const handler = async () => 1;
