import { fileURLToPath } from 'node:url';
import { Worker } from '@millrace/worker';

/** `worker.ts HANDLERS KILL-GRACE-MS` runs a worker with a kill grace that the CLI cannot set. */
const [handlers = '', killGraceMs = ''] = process.argv.slice(2);
const worker = await Worker.start({
  url: process.env['MILLRACE_URL'] ?? '',
  authkey: process.env['MILLRACE_AUTHKEY'] ?? '',
  handlers: fileURLToPath(handlers),
  killGraceMs: Number(killGraceMs),
});
console.log('worker connected');
const error = await worker.ended;
console.log(`worker ended: ${error.code}`);
process.exit(1);
