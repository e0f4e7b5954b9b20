'use strict';
// Preloaded into the Framework: version 2 of the SDK knows no AWS_ENDPOINT_URL.

const Module = require('module');

const load = Module._load;
Module._load = function loadWithEndpoint(request, ...rest) {
  const loaded = load.call(this, request, ...rest);
  if (request === 'aws-sdk') loaded.config.update({ endpoint: process.env.AWS_ENDPOINT_URL, s3ForcePathStyle: true });
  return loaded;
};
