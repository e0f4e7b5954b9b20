exports.handler = async () => { missing syntax
