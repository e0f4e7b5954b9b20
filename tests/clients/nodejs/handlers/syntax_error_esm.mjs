import { x from 'fs';
