import { ITEM_NAME, limits } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { ManualClock } from '../../../protocol/src/testing/manual-clock.ts';
import { runCommands } from '../commands/command-table.ts';
import { openServices } from '../testing/open-services.ts';
import { RecordingPeer } from '../testing/recording-peer.ts';
import { sampleTask } from '../testing/sample-tasks.ts';

const getOf = (requestId: number) =>
  ({ verb: 'get', requestId, queue: 'q', waitMs: 1_000 }) as const;

const open = async () => {
  const clock = new ManualClock();
  const { engine, services } = await openServices(clock, 10);
  const peer = new RecordingPeer('getter');
  engine.openSession({ sessionId: peer.sessionId, name: 'getter' });
  return { clock, engine, services, peer };
};

test('a get that was sent twice is answered with one item and leases no other', async () => {
  const { clock, engine, peer, services } = await open();
  const put = engine.enqueue([[{ ...sampleTask('item'), name: ITEM_NAME }]]);
  await clock.settle();
  await put;
  await runCommands(services, peer, [getOf(1), getOf(1)]);
  await clock.advance(2_000);
  expect(peer.take()).toEqual(['item 1']);
  expect(engine.leaseCount(peer.sessionId)).toBe(1);
  expect(peer.openRequests.size).toBe(0);
});

test('a get that was sent twice counts once among the requests that may wait', async () => {
  const { peer, services } = await open();
  for (let requestId = 1; requestId <= limits.requestsPerSessionMax; requestId++) {
    peer.openRequests.set(requestId, { withdraw: () => void peer.openRequests.delete(requestId) });
  }
  await runCommands(services, peer, [getOf(1)]);
  expect(peer.take()).toEqual([]);
  await runCommands(services, peer, [getOf(0)]);
  expect(peer.take()).toEqual(['error 0']);
});
