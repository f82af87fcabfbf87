/** millrace's two ends: a client, and a worker with an inline handler. */
import { connect, handler, Worker } from 'millrace';
import type { Adapter } from '../harness/adapter.ts';
import { noop } from './tasks.ts';

export const producer: Adapter['producer'] = async (address) => {
  const client = await connect({ url: address, authkey: 'bench' });
  return {
    enqueue: (payload) => client.enqueue(noop, payload),
    enqueueMany: (payloads) => client.enqueueMany(noop, payloads),
    call: (payload) => client.run(noop, payload),
    close: () => client.close(),
  };
};

export const worker: Adapter['worker'] = async (address, slots, handle) => {
  const started = await Worker.start({
    url: address,
    authkey: 'bench',
    handlers: [handler(noop, handle, { concurrency: slots })],
  });
  return { close: () => started.stop() };
};
