import { Connection, limits, type Message } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { decodeFrame, encodeFrame } from '../../../protocol/src/messages/frame.ts';
import { ManualClock } from '../../../protocol/src/testing/manual-clock.ts';
import { MemoryTransport } from '../../../protocol/src/testing/memory-transport.ts';
import { sessionMessage } from '../../../protocol/src/testing/session-message.ts';
import type { Peer } from '../waiting/peer.ts';
import { PeerSession } from './session.ts';

const description = { name: 'worker', host: 'here', pid: 1 };

const settled = (requestId: number): Message => ({ verb: 'settled', requestId, answers: [] });

/** A session, and connections that take it up one after another. */
const stage = () => {
  const clock = new ManualClock();
  const session = new PeerSession('s', 'key', 'worker', description, 0);

  /** A connection that has taken the session up, with its peer and the messages it was sent. */
  const takeUp = async () => {
    const { dialler, manager } = MemoryTransport.pair(clock);
    const received: Message[] = [];
    dialler.listen({
      frame: (bytes) => received.push(...decodeFrame(bytes)),
      drained() {},
      closed() {},
    });
    const connection = new Connection(
      {
        transport: manager,
        side: 'manager',
        clock,
        heartbeat: { idleMs: 5_000, intervalMs: 1_000, probes: 3 },
        messageMaxBytes: limits.messageMaxBytes,
        outboundMaxBytes: limits.outboundMaxBytes,
      },
      { messages() {}, closed() {} },
    );
    dialler.send(encodeFrame([{ verb: 'open', peer: description }]));
    await clock.settle();
    session.takeOver(connection);
    const peer = session.peerOver(connection);
    const heard = async (): Promise<string[]> => {
      await clock.settle();
      return received.map((message) =>
        'requestId' in message ? `${message.verb} ${message.requestId}` : message.verb,
      );
    };
    return { connection, heard, peer };
  };

  const greet = (connection: Connection): void => {
    connection.send(sessionMessage);
    session.welcomed(connection);
  };

  return { greet, session, takeUp };
};

const waitIn = (peer: Peer | undefined): { isWithdrawn: boolean } => {
  const wait = { isWithdrawn: false };
  peer?.openRequests.set(1, {
    withdraw() {
      wait.isWithdrawn = true;
    },
  });
  return wait;
};

test('a message to a peer whose connection has ended does not go over the next connection', async () => {
  const { greet, takeUp } = stage();
  const first = await takeUp();
  greet(first.connection);
  first.peer?.send(settled(1));
  const second = await takeUp();
  greet(second.connection);
  first.peer?.send(settled(2));
  first.peer?.sendSoon(settled(3));
  second.peer?.send(settled(4));
  expect(await first.heard()).toEqual(['session', 'settled 1', 'error 0']);
  expect(await second.heard()).toEqual(['session', 'settled 4']);
});

test('a newer connection withdraws the requests that waited over the one before', async () => {
  const { session, takeUp } = stage();
  const first = await takeUp();
  const wait = waitIn(first.peer);
  const second = await takeUp();
  expect(wait.isWithdrawn).toBe(true);
  expect(first.peer?.hasEnded).toBe(true);
  expect(second.peer?.hasEnded).toBe(false);
  expect(session.peerOver(first.connection)).toBeUndefined();
});

test('a connection that ends withdraws the requests that waited over it alone', async () => {
  const { session, takeUp } = stage();
  const first = await takeUp();
  const second = await takeUp();
  const wait = waitIn(second.peer);
  session.lose(first.connection);
  expect([wait.isWithdrawn, session.isConnected]).toEqual([false, true]);
  session.lose(second.connection);
  expect([wait.isWithdrawn, session.isConnected]).toEqual([true, false]);
});

test('no message reaches a peer before SESSION', async () => {
  const { greet, session, takeUp } = stage();
  const { connection, heard } = await takeUp();
  session.drain();
  expect(await heard()).toEqual([]);
  greet(connection);
  expect(await heard()).toEqual(['session', 'drain']);
});
