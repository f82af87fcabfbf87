import { randomBytes } from 'node:crypto';
import { authenticateToManager, limits, type Message, silentLog } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { decodeFrame, encodeFrame } from '../../../protocol/src/messages/frame.ts';
import { ManualClock } from '../../../protocol/src/testing/manual-clock.ts';
import { MemoryTransport } from '../../../protocol/src/testing/memory-transport.ts';
import { Chronicle } from '../report/chronicle.ts';
import { openServices } from '../testing/open-services.ts';
import { sampleTask } from '../testing/sample-tasks.ts';
import { Attendant } from './attendant.ts';
import { Presence } from './presence.ts';
import { Reception } from './reception.ts';

const secret = new Uint8Array(32).fill(7);
const SOON_MS = 10;
const IDLE_MS = 1_000;
/** Longer than the idle time, and shorter than heartbeats wait. */
const LONG_MS = 4 * IDLE_MS;

const description = { name: 'client', host: 'here', pid: 1 };

/** A manager that dismisses idle clients soon. Its engine answers only when the test lets it. */
const stage = async () => {
  const clock = new ManualClock();
  const { engine, services } = await openServices(clock, 1);
  let answer = (): void => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const slow: typeof engine = {
    ...engine,
    enqueue: (requests) => answered.then(() => engine.enqueue(requests)),
    resume: (request) => answered.then(() => engine.resume(request)),
    ticket: (sessionId, keyId) => engine.ticket(sessionId, keyId),
    get epoch() {
      return engine.epoch;
    },
    get hasFailed() {
      return engine.hasFailed;
    },
  };
  const slowServices = { ...services, engine: slow };
  const reception = new Reception(
    slowServices,
    new Chronicle(silentLog, engine),
    new Presence(clock, { ...limits, idleSessionMs: IDLE_MS }),
  );
  const attendant = new Attendant(
    { secretOf: () => secret, payloadMaxBytes: 1_000, software: 'test', clock, randomBytes },
    slowServices,
    reception,
  );

  /** A client over a connection of its own, with the messages that it has received. */
  const connect = async () => {
    const { dialler, manager } = MemoryTransport.pair(clock);
    const attended = attendant.attend(manager);
    const key = { keyId: 'default', secret };
    const greeted = authenticateToManager(dialler, key, 'client', clock, randomBytes);
    await clock.settle();
    await Promise.all([attended, greeted]);
    const heard: Message[] = [];
    dialler.listen({
      frame: (bytes) => heard.push(...decodeFrame(bytes)),
      drained() {},
      closed() {},
    });
    const send = async (message: Message): Promise<void> => {
      dialler.send(encodeFrame([message]));
      await clock.advance(SOON_MS);
    };
    const words = (): string[] =>
      heard.map(({ verb }) => verb).filter((verb) => !['ping', 'partAck'].includes(verb));
    return { heard, send, words };
  };
  return { answer, clock, connect };
};

const enqueue = (): Message => ({
  verb: 'enqueue',
  requestId: 1,
  waitMs: 0,
  tasks: [sampleTask('task-1')],
  awaitMs: undefined,
});

test('a client whose request is being written is not dismissed', async () => {
  const { answer, clock, connect } = await stage();
  const { send, words } = await connect();
  await send({ verb: 'open', peer: description });
  await send(enqueue());
  await clock.advance(LONG_MS);
  expect(words()).toEqual(['session']);
  answer();
  await clock.advance(SOON_MS);
  expect(words()).toEqual(['session', 'enqueued']);
  await clock.advance(2 * IDLE_MS);
  expect(words()).toEqual(['session', 'enqueued', 'goodbye']);
});

test('a client whose message arrives in parts is not dismissed', async () => {
  const { answer, clock, connect } = await stage();
  const { send, words } = await connect();
  await send({ verb: 'open', peer: description });
  const bytes = encodeFrame([enqueue()]);
  await send({ verb: 'part', last: false, bytes: bytes.subarray(0, 10) });
  await clock.advance(LONG_MS);
  answer();
  await send({ verb: 'part', last: true, bytes: bytes.subarray(10) });
  expect(words()).toEqual(['session', 'enqueued']);
});

test('a client whose session is being resumed is not dismissed before SESSION', async () => {
  const { answer, clock, connect } = await stage();
  const first = await connect();
  await first.send({ verb: 'open', peer: description });
  const [session] = first.heard;
  if (session?.verb !== 'session') {
    throw new Error('no session');
  }
  const { sessionId, ticket } = session;
  const second = await connect();
  await second.send({ verb: 'resume', sessionId, ticket, tokens: [], peer: description });
  await clock.advance(LONG_MS);
  expect(second.words()).toEqual([]);
  answer();
  await clock.advance(SOON_MS);
  expect(second.words()).toEqual(['session']);
  await clock.advance(2 * IDLE_MS);
  expect(second.words()).toEqual(['session', 'goodbye']);
});
