import type { MessageNamed } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { ManualClock } from '../../../protocol/src/testing/manual-clock.ts';
import { openServices } from '../testing/open-services.ts';
import { RecordingPeer } from '../testing/recording-peer.ts';
import { sampleTask } from '../testing/sample-tasks.ts';
import { enqueue } from './enqueue.ts';

const stage = async () => {
  const clock = new ManualClock();
  const { engine, services } = await openServices(clock, 1);
  const send = async (peer: RecordingPeer, request: MessageNamed<'enqueue'>): Promise<void> => {
    const done = enqueue(services, peer, [request]);
    await clock.settle();
    await done;
  };
  const cancel = async (taskId: string): Promise<void> => {
    const done = engine.cancel([{ taskId, reason: '' }]);
    await clock.settle();
    await done;
  };
  /** The connection ends before the answer comes. */
  const sendAndLeave = async (
    peer: RecordingPeer,
    sent: MessageNamed<'enqueue'>,
  ): Promise<void> => {
    const done = enqueue(services, peer, [sent]);
    peer.hasEnded = true;
    await clock.settle();
    await done;
  };
  return { cancel, clock, send, sendAndLeave };
};

const request = (requestId: number, taskId: string, awaitMs?: number): MessageNamed<'enqueue'> => ({
  verb: 'enqueue',
  requestId,
  waitMs: 60_000,
  awaitMs,
  tasks: [{ ...sampleTask(taskId), payload: new Uint8Array(10), attempts: 5 }],
});

test('a resent request that was accepted is answered, although others wait for room', async () => {
  const { send } = await stage();
  const first = new RecordingPeer('a');
  const other = new RecordingPeer('b');
  await send(first, request(1, 'task-1'));
  await send(other, request(1, 'task-2'));
  expect(first.take()).toEqual(['enqueued 1']);
  expect(other.take()).toEqual(['parked 1']);
  // The answer was lost with a connection, and the request comes again.
  await send(first, request(1, 'task-1'));
  expect(first.take()).toEqual(['enqueued 1']);
});

test('a new request waits behind those that wait already', async () => {
  const { send } = await stage();
  const first = new RecordingPeer('a');
  const other = new RecordingPeer('b');
  await send(first, request(1, 'task-1'));
  await send(other, request(1, 'task-2'));
  await send(first, request(2, 'task-3'));
  expect(first.take()).toEqual(['enqueued 1', 'parked 2']);
});

test('a request that awaits its outcome is answered by the outcome alone', async () => {
  const { cancel, send } = await stage();
  const peer = new RecordingPeer('a');
  await send(peer, request(1, 'task-1', 20_000));
  expect(peer.take()).toEqual([]);
  await cancel('task-1');
  expect(peer.take()).toEqual(['outcome 1']);
});

test('a request whose work another task does learns which task that is, with the outcome or without', async () => {
  const { cancel, clock, send } = await stage();
  const [first, other] = [new RecordingPeer('a'), new RecordingPeer('b')];
  const keyed = (taskId: string, awaitMs: number): MessageNamed<'enqueue'> => {
    const plain = request(1, taskId, awaitMs);
    const options = { once: { key: 'k', forMs: undefined } };
    return { ...plain, tasks: plain.tasks.map((task) => ({ ...task, options })) };
  };
  await send(first, keyed('task-1', 20_000));
  await send(other, keyed('task-2', 1_000));
  await clock.advance(1_000);
  expect(other.sent).toMatchObject([{ verb: 'outcome', state: 'ready', taskId: 'task-1' }]);
  await send(other, keyed('task-3', 20_000));
  await cancel('task-1');
  expect(other.sent[1]).toMatchObject({ state: 'cancelled', taskId: 'task-1' });
  expect(first.sent).toMatchObject([{ state: 'cancelled', taskId: undefined }]);
});

test('a resent request that awaits its outcome is answered at once when its task has ended', async () => {
  const { cancel, send } = await stage();
  const peer = new RecordingPeer('a');
  await send(peer, request(1, 'task-1', 20_000));
  await cancel('task-1');
  // The outcome was lost with a connection.
  peer.take();
  await send(peer, request(1, 'task-1', 20_000));
  expect(peer.take()).toEqual(['outcome 1']);
});

test('a request that awaits its outcome is parked, invited and then answered by the outcome', async () => {
  const { cancel, send } = await stage();
  const first = new RecordingPeer('a');
  const other = new RecordingPeer('b');
  await send(first, request(1, 'task-1', 20_000));
  await send(other, request(1, 'task-2', 20_000));
  await cancel('task-1');
  expect(other.take()).toEqual(['parked 1', 'room 1']);
  await send(other, request(1, 'task-2', 20_000));
  await cancel('task-2');
  expect(other.take()).toEqual(['outcome 1']);
});

test.each([
  ['accepted', request(1, 'task-1')],
  ['accepted and awaited', request(1, 'task-1', 20_000)],
  [
    'refused',
    { ...request(1, 'task-1'), tasks: [...request(1, 'a').tasks, ...request(1, 'b').tasks] },
  ],
])('a request that was %s is not answered when its peer has left', async (_how, sent) => {
  const { send, sendAndLeave } = await stage();
  const peer = new RecordingPeer('a');
  await sendAndLeave(peer, sent);
  expect(peer.take()).toEqual([]);
  expect(peer.openRequests.size).toBe(0);
  const again = new RecordingPeer('a');
  await send(again, request(1, 'task-1'));
  expect(again.take()).toEqual(['enqueued 1']);
});

test('a request that had to wait is not parked for a peer that has left', async () => {
  const { send, sendAndLeave } = await stage();
  const first = new RecordingPeer('a');
  const other = new RecordingPeer('b');
  await send(first, request(1, 'task-1'));
  await send(other, request(1, 'task-2'));
  await sendAndLeave(first, request(2, 'task-3'));
  expect(first.take()).toEqual(['enqueued 1']);
  expect(first.openRequests.size).toBe(0);
});
