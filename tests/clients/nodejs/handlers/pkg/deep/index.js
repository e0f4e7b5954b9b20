exports.handler = async () => require('../../results.js').echo('pkg/deep');
