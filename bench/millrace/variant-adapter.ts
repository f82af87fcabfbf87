/**
 * millrace's two ends for rows that vary queues and runners, which the address names.
 * Inline handlers of many queues share one pool, as they do by default.
 */
import { connect, handler, Worker } from 'millrace';
import type { Adapter } from '../harness/adapter.ts';
import { noop, noopsOf } from './tasks.ts';

const readAddress = (address: string): { url: string; queues: number; runner: string } => {
  const { host, searchParams } = new URL(address);
  return {
    url: `ws://${host}`,
    queues: Number(searchParams.get('queues')),
    runner: searchParams.get('runner') ?? '',
  };
};

export const producer: Adapter['producer'] = async (address) => {
  const { queues, url } = readAddress(address);
  const client = await connect({ url, authkey: 'bench' });
  const tasks = noopsOf(queues);
  let calls = 0;
  const nextTask = (): typeof noop => {
    calls += 1;
    return tasks[calls % tasks.length] ?? noop;
  };
  return {
    enqueue: (payload) => client.enqueue(nextTask(), payload),
    call: (payload) => client.run(nextTask(), payload),
    close: () => client.close(),
  };
};

export const worker: Adapter['worker'] = async (address, _slots, handle) => {
  const { queues, runner, url } = readAddress(address);
  const handlers =
    runner === 'inline'
      ? noopsOf(queues).map((task) => handler(task, handle))
      : new URL(`./${runner}-handlers.js`, import.meta.url);
  const started = await Worker.start({ url, authkey: 'bench', handlers });
  return { close: () => started.stop() };
};
