import type { MessageNamed } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { ManualClock } from '../../../protocol/src/testing/manual-clock.ts';
import { Dispatcher } from '../dispatcher.ts';
import { EmbeddedEngine } from '../engine/embedded/embedded-engine.ts';
import { memoryJournal } from '../engine/embedded/memory-journal.ts';
import { Results } from '../results.ts';
import { Room } from '../room.ts';
import type { Services } from '../services.ts';
import { RecordingPeer } from '../testing/recording-peer.ts';
import { Waits } from '../waits.ts';
import { enqueue } from './enqueue.ts';

const silent = { ready() {}, finished() {}, abort() {}, room() {}, failed() {} };

/** The command over a real engine with one queue of one item. */
const stage = async () => {
  const clock = new ManualClock();
  const engine = new EmbeddedEngine({
    journal: memoryJournal(),
    clock,
    randomBytes: (bytes) => new Uint8Array(bytes),
    payloadMaxBytes: 1_000,
    retainMaxBytes: 1_000,
    restartGraceMs: 1_000,
  });
  engine.declareQueue({ name: 'q', maxItems: 1, maxBytes: 1_000, order: 'fifo' });
  const started = engine.start(silent);
  await clock.settle();
  await started;
  const waits = new Waits(clock);
  const services: Services = {
    clock,
    engine,
    waits,
    dispatcher: new Dispatcher(engine),
    results: new Results(engine, waits),
    room: new Room(engine, waits),
    admitQueue() {},
    newSessionId: () => 'session',
    status: () => null,
  };
  const send = async (peer: RecordingPeer, request: MessageNamed<'enqueue'>): Promise<void> => {
    const done = enqueue(services, peer, [request]);
    await clock.settle();
    await done;
  };
  return { clock, send };
};

const request = (requestId: number, taskId: string): MessageNamed<'enqueue'> => ({
  verb: 'enqueue',
  requestId,
  waitMs: 60_000,
  tasks: [
    {
      taskId,
      queue: 'q',
      name: 'work',
      payload: new Uint8Array(10),
      priority: 0,
      delayMs: 0,
      deadlineMs: null,
      attempts: 5,
      expiresInMs: undefined,
    },
  ],
});

test('a request that was accepted before is answered, although others wait for room', async () => {
  const { send } = await stage();
  const first = new RecordingPeer('a');
  const other = new RecordingPeer('b');
  await send(first, request(1, 'task-1'));
  await send(other, request(1, 'task-2'));
  expect(first.take()).toEqual(['enqueued 1']);
  expect(other.take()).toEqual(['parked 1']);
  // Its answer was lost with a connection, and it comes again.
  await send(first, request(1, 'task-1'));
  expect(first.take()).toEqual(['enqueued 1']);
});

test('a new request waits behind those who wait already', async () => {
  const { send } = await stage();
  const first = new RecordingPeer('a');
  const other = new RecordingPeer('b');
  await send(first, request(1, 'task-1'));
  await send(other, request(1, 'task-2'));
  await send(first, request(2, 'task-3'));
  expect(first.take()).toEqual(['enqueued 1', 'parked 2']);
});
