export const handler: () => Promise<number> = async () => 1;
