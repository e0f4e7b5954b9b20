'use strict';

// Feeds the client's parser: one line in, a JSON list of pieces in base64; one line out, the responses.
// Each list is fed to a new parser, piece by piece, from one buffer that is overwritten every time.

const { createResponseParser } = require(process.argv[2]);

const shared = Buffer.alloc(1 << 20);

require('readline')
  .createInterface({ input: process.stdin })
  .on('line', (line) => {
    const feed = createResponseParser();
    const responses = JSON.parse(line).flatMap((text) => {
      const length = shared.write(text, 'base64');
      const found = feed(shared.subarray(0, length));
      shared.fill(0x21, 0, length);
      return found;
    });
    process.stdout.write(JSON.stringify(responses) + '\n');
  });
