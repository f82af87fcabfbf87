/** Enqueues tasks and awaits their results. */
import { connect } from 'millrace';
import { report } from './processes.ts';
import { noop } from './tasks.ts';
import { drive, IN_FLIGHT, payload } from './workload.ts';

const [url = '', warmUp, count] = process.argv.slice(2);
const client = await connect({ url, authkey: 'bench' });
const call = async (): Promise<void> => {
  const task = await client.enqueue(noop, payload);
  await task.result();
};
await drive(Number(warmUp), IN_FLIGHT, call);
await report(String(await drive(Number(count), IN_FLIGHT, call)));
await client.close();
process.exit(0);
