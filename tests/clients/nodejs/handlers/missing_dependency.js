require('not-installed-anywhere'); exports.handler = async () => 1;
