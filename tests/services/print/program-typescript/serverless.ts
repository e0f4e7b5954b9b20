import * as path from 'path';
import one from './src/one';

interface Configuration { service: string; [key: string]: unknown }

const configuration: Configuration = {
  service: 'program-typescript',
  provider: { name: 'aws', runtime: 'nodejs20.x', environment: { BASE: path.basename(__dirname) } },
  functions: { one },
};

module.exports = configuration;
