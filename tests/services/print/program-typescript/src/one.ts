export default { handler: `${__dirname.split(process.cwd())[1].slice(1)}/handler.main`, timeout: 5 as number };
