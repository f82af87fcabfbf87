/**
 * BullMQ's two ends. Frozen, so that results stay comparable.
 *
 * `addBulk` adds many jobs at once: https://docs.bullmq.io/guide/queues/adding-bulks
 * Completed jobs are removed at once, or kept up to a number where their results
 * are awaited: https://docs.bullmq.io/guide/queues/auto-removal-of-jobs
 * `concurrency` of one worker: https://docs.bullmq.io/guide/workers/concurrency shows
 * 50; more than about 100 measured slower with any number in flight.
 */
import { Queue, QueueEvents, Worker } from 'bullmq';

const NAME = 'bench';
/** Enough to keep each result until the event that announces it is read. */
const KEPT_FOR_RESULTS = 10_000;

const CONCURRENCY_MAX = 100;

const connectionTo = (port) => ({ host: '127.0.0.1', port: Number(port) });

export const producer = async (address) => {
  const connection = connectionTo(address);
  const queue = new Queue(NAME, { connection, defaultJobOptions: { removeOnComplete: true } });
  const events = new QueueEvents(NAME, { connection });
  // Each awaited job adds a listener to both.
  events.setMaxListeners(0);
  queue.setMaxListeners(0);
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
  return {
    enqueue: (payload) => queue.add('noop', payload),
    enqueueMany: (payloads) => queue.addBulk(payloads.map((data) => ({ name: 'noop', data }))),
    call: async (payload) => {
      const kept = { removeOnComplete: { count: KEPT_FOR_RESULTS } };
      const job = await queue.add('noop', payload, kept);
      return job.waitUntilFinished(events);
    },
    close: async () => {
      await events.close();
      await queue.close();
    },
  };
};

export const worker = async (address, slots, handle) => {
  const started = new Worker(NAME, async ({ data }) => handle(data), {
    connection: connectionTo(address),
    concurrency: Math.min(slots, CONCURRENCY_MAX),
  });
  await started.waitUntilReady();
  return { close: () => started.close() };
};
