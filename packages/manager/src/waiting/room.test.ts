import { limits, type MessageNamed } from '@millrace/protocol';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../../protocol/src/testing/manual-clock.ts';
import { engineWith } from '../testing/engine-with.ts';
import { RecordingPeer } from '../testing/recording-peer.ts';
import { withdraw } from './open-requests.ts';
import { Room } from './room.ts';
import { Waits } from './waits.ts';

/** A room over queues whose free items the test sets. */
const stage = (free: Record<string, number>) => {
  const clock = new ManualClock();
  const waits = new Waits(clock);
  const engine = engineWith({
    size: async (queue) => ({
      ready: 0,
      scheduled: 0,
      leased: 0,
      bytes: 0,
      freeItems: free[queue] ?? 0,
      freeBytes: 1_000_000,
    }),
  });
  return { clock, waits, free, room: new Room(engine, waits), peer: new RecordingPeer('a') };
};

const request = (
  requestId: number,
  queues: readonly string[],
  waitMs = 60_000,
): MessageNamed<'enqueue'> => ({
  verb: 'enqueue',
  requestId,
  waitMs,
  awaitMs: undefined,
  tasks: queues.map((queue, n) => ({
    taskId: `${requestId}-${n}`,
    queue,
    name: 'work',
    payload: new Uint8Array(10),
    priority: 0,
    delayMs: 0,
    deadlineMs: null,
    attempts: 5,
    expiresInMs: undefined,
  })),
});

describe('the room of a full queue', () => {
  test('is refused at once to a request that may not wait', () => {
    const { peer, room, waits } = stage({ q: 0 });
    room.park(peer, request(1, ['q'], 0), 'q', 'full');
    expect(peer.take()).toEqual(['error 1']);
    expect(waits.isEmpty).toBe(true);
  });

  test('is not refused to an invited request whose wait ends', async () => {
    const { clock, free, peer, room } = stage({ q: 0 });
    room.park(peer, request(1, ['q'], 1_000), 'q', 'full');
    await clock.advance(900);
    free['q'] = 1;
    room.invite('q');
    await clock.advance(200);
    expect(peer.take()).toEqual(['parked 1', 'room 1']);
    expect(room.mustQueueUp(peer, request(1, ['q'], 0))).toBe(false);
  });

  test('is kept for the peer that came back, not for its lost connection', async () => {
    const { clock, free, peer, room } = stage({ q: 0 });
    const back = new RecordingPeer(peer.sessionId);
    room.park(peer, request(1, ['q']), 'q', 'full');
    peer.openRequests.get(1)?.withdraw();
    room.park(back, request(1, ['q']), 'q', 'full');
    free['q'] = 1;
    room.invite('q');
    await clock.settle();
    expect(back.take()).toEqual(['parked 1', 'room 1']);
    expect(peer.take()).toEqual(['parked 1']);
  });

  test('is offered to as many requests as fit, in their order', async () => {
    const { clock, free, peer, room } = stage({ q: 0 });
    room.park(peer, request(1, ['q', 'q']), 'q', 'full');
    room.park(peer, request(2, ['q']), 'q', 'full');
    room.park(peer, request(3, ['q']), 'q', 'full');
    expect(peer.take()).toEqual(['parked 1', 'parked 2', 'parked 3']);
    free['q'] = 3;
    room.invite('q');
    await clock.settle();
    expect(peer.take()).toEqual(['room 1', 'room 2']);
    room.invite('q');
    await clock.settle();
    expect(peer.take()).toEqual([]);
  });

  test('is given to waiting requests before new ones', async () => {
    const { clock, free, peer, room } = stage({ q: 0 });
    const [first, second] = [request(1, ['q']), request(2, ['q'])];
    room.park(peer, first, 'q', 'full');
    expect(room.mustQueueUp(peer, second)).toBe(true);
    expect(room.mustQueueUp(peer, first)).toBe(true);
    free['q'] = 1;
    room.invite('q');
    await clock.settle();
    expect(room.mustQueueUp(peer, first)).toBe(false);
    withdraw(peer, 1);
    expect(room.mustQueueUp(peer, second)).toBe(false);
  });

  test('goes to the next request when an invitation is not used', async () => {
    const { clock, free, peer, room } = stage({ q: 0 });
    room.park(peer, request(1, ['q']), 'q', 'full');
    room.park(peer, request(2, ['q']), 'q', 'full');
    free['q'] = 1;
    room.invite('q');
    await clock.settle();
    peer.take();
    await clock.advance(limits.roomInvitationMs);
    expect(peer.take()).toEqual(['room 2']);
  });

  test('that came while an invited request was refused is offered to it again', async () => {
    const { clock, free, peer, room } = stage({ q: 0 });
    const refused = request(1, ['q']);
    room.park(peer, refused, 'q', 'full');
    free['q'] = 1;
    room.invite('q');
    await clock.settle();
    peer.take();
    // The engine answered QUEUE_FULL, then announced room, and only then the answer arrives here.
    room.invite('q');
    await clock.settle();
    room.park(peer, refused, 'q', 'full');
    await clock.settle();
    expect(peer.take()).toEqual(['parked 1', 'room 1']);
  });

  test('is measured by the tasks for this queue, in a request over several queues', async () => {
    const { clock, free, peer, room } = stage({ q: 0, other: 9 });
    room.park(peer, request(1, ['q', 'other', 'other']), 'q', 'full');
    free['q'] = 1;
    room.invite('q');
    await clock.settle();
    expect(peer.take()).toEqual(['parked 1', 'room 1']);
  });

  test('is awaited in one queue at a time by a request over several queues', async () => {
    const { clock, free, peer, room, waits } = stage({ q: 0, other: 0 });
    const wide = request(1, ['q', 'other']);
    room.park(peer, wide, 'q', 'full');
    room.park(peer, request(2, ['q']), 'q', 'full');
    free['q'] = 1;
    room.invite('q');
    await clock.settle();
    peer.take();
    room.park(peer, wide, 'other', 'full');
    await clock.settle();
    expect(peer.take()).toEqual(['parked 1', 'room 2']);
    withdraw(peer, 1);
    withdraw(peer, 2);
    expect(waits.isEmpty).toBe(true);
    expect(peer.openRequests.size).toBe(0);
  });

  test('may fit the next request when the wait of one that was too large has ended', async () => {
    const { clock, peer, room } = stage({ q: 1 });
    room.park(peer, request(1, ['q', 'q'], 1_000), 'q', 'full');
    room.park(peer, request(2, ['q'], 5_000), 'q', 'full');
    await clock.settle();
    expect(peer.take()).toEqual(['parked 1', 'parked 2']);
    await clock.advance(1_000);
    expect(peer.take()).toEqual(['error 1', 'room 2']);
  });

  test('may fit the next request when one is withdrawn', async () => {
    const { clock, peer, room, waits } = stage({ q: 1 });
    room.park(peer, request(1, ['q', 'q']), 'q', 'full');
    room.park(peer, request(2, ['q']), 'q', 'full');
    await clock.settle();
    peer.take();
    peer.openRequests.get(1)?.withdraw();
    await clock.settle();
    expect(peer.take()).toEqual(['room 2']);
    peer.openRequests.get(2)?.withdraw();
    expect(waits.isEmpty).toBe(true);
  });
});
