/** A worker with an inline no-op handler. */
import { handler, Worker } from 'millrace';
import { ready } from './processes.ts';
import { noop } from './tasks.ts';
import { IN_FLIGHT } from './workload.ts';

const worker = await Worker.start({
  url: process.argv[2] ?? '',
  authkey: 'bench',
  handlers: [handler(noop, () => null, { concurrency: IN_FLIGHT })],
});
ready('', () => worker.stop());
