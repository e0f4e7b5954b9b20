import 'not-installed-anywhere'; export const handler = async () => 1;
