import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import {
  codeOf,
  DEFAULT_KEY_ID,
  dialWebSocket,
  encodePayload,
  Link,
  MillraceError,
  type NewTask,
  systemClock,
  taskIdMaker,
} from '@millrace/protocol';
import { momentUs } from '../support/moment.ts';
import { Random } from '../support/random.ts';
import { CAMPAIGN_QUEUE, inlineWork, processWork } from './campaign-tasks.ts';
import type { BatchHistory, Order, Told } from './producer-orders.ts';

/**
 * A producer that sends every ENQUEUE twice, with the same ids, and tells its parent
 * when it sent the ENQUEUE and when it got the first acknowledgement.
 */

const ROOM_WAIT_MS = 60_000;
/** Batches in flight. */
const IN_FLIGHT = 2;
/** One task in this many runs in a process. */
const PROCESS_EVERY = 8;

const tell = (message: Told): void => {
  process.send?.(message);
};

const link = new Link(
  {
    url: process.env['MILLRACE_URL'] ?? '',
    key: { keyId: DEFAULT_KEY_ID, secret: Buffer.from(process.env['MILLRACE_AUTHKEY'] ?? '') },
    role: 'client',
    peer: { name: 'producer', host: hostname(), pid: process.pid },
    clock: systemClock,
    randomBytes,
    dial: dialWebSocket,
  },
  { message() {}, unsettledTokens: () => [], up() {}, down() {}, ended() {} },
);

const newTaskId = taskIdMaker(() => Date.now(), randomBytes);

const newTask = (random: Random): NewTask => ({
  taskId: newTaskId(),
  queue: CAMPAIGN_QUEUE,
  name: random.between(1, PROCESS_EVERY) === 1 ? processWork.name : inlineWork.name,
  payload: encodePayload({ forMs: random.between(2, 30) }, 'work'),
  priority: random.between(-2, 2),
  delayMs: random.between(1, 10) === 1 ? random.between(1, 100) : 0,
  deadlineMs: 60_000,
  attempts: 5,
  expiresInMs: undefined,
});

/** Sends tasks. @returns the number of tasks that the manager created */
const send = async (tasks: readonly NewTask[]): Promise<number> => {
  const reply = await link.request({
    build: (requestId) => ({
      verb: 'enqueue',
      requestId,
      waitMs: ROOM_WAIT_MS,
      awaitMs: undefined,
      tasks,
    }),
    giveUpAtMs: Number.POSITIVE_INFINITY,
    giveUp: () => new MillraceError('UNKNOWN', 'no answer'),
  });
  return reply.verb === 'enqueued' ? reply.created : 0;
};

const sendTwice = async (tasks: readonly NewTask[]): Promise<BatchHistory> => {
  const taskIds = tasks.map((task) => task.taskId);
  const sentAtUs = momentUs();
  const both = [send(tasks), send(tasks)];
  try {
    await Promise.any(both);
    const ackedAtUs = momentUs();
    tell({ kind: 'acked' });
    const created = (await Promise.all(both)).reduce((sum, n) => sum + n, 0);
    return { taskIds, sentAtUs, ackedAtUs, created };
  } catch (error) {
    return { taskIds, sentAtUs, ackedAtUs: undefined, created: 0, refused: codeOf(error) ?? '?' };
  }
};

const produce = async ({ batchSize, seed, tasks }: Order): Promise<void> => {
  const random = new Random(seed);
  const batches: BatchHistory[] = [];
  let left = tasks;
  const sendUntilNoneLeft = async (): Promise<void> => {
    while (left > 0) {
      const size = Math.min(left, batchSize);
      left -= size;
      batches.push(await sendTwice(Array.from({ length: size }, () => newTask(random))));
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, sendUntilNoneLeft));
  tell({ kind: 'done', batches });
};

await link.start(false);
process.on('message', (order: Order) => {
  produce(order).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
tell({ kind: 'ready' });
