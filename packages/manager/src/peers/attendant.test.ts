import { randomBytes } from 'node:crypto';
import {
  authenticateToManager,
  limits,
  type Message,
  silentLog,
  type Transport,
  type TransportEvents,
} from '@millrace/protocol';
import { expect, test } from 'vitest';
import { decodeFrame, encodeFrame } from '../../../protocol/src/messages/frame.ts';
import { ManualClock } from '../../../protocol/src/testing/manual-clock.ts';
import { MemoryTransport } from '../../../protocol/src/testing/memory-transport.ts';
import { Chronicle } from '../report/chronicle.ts';
import { openServices } from '../testing/open-services.ts';
import { sampleTask, successOfFirst } from '../testing/sample-tasks.ts';
import { Attendant } from './attendant.ts';
import { Presence } from './presence.ts';
import { Reception } from './reception.ts';

const secret = new Uint8Array(32).fill(7);
const SOON_MS = 10;

/** A transport that can receive several frames in one turn, as one read of a socket does. */
class WideTransport implements Transport {
  readonly #under: MemoryTransport;
  #events: TransportEvents | undefined;

  constructor(under: MemoryTransport) {
    this.#under = under;
  }

  get remoteAddress(): string {
    return this.#under.remoteAddress;
  }

  get waitingBytes(): number {
    return this.#under.waitingBytes;
  }

  listen(events: TransportEvents): void {
    this.#events = events;
    this.#under.listen(events);
  }

  arrive(...frames: readonly Message[]): void {
    for (const message of frames) {
      this.#events?.frame(encodeFrame([message]));
    }
  }

  send = (frame: Uint8Array): void => this.#under.send(frame);
  pause = (): void => this.#under.pause();
  resume = (): void => this.#under.resume();
  close = (): void => this.#under.close();
  terminate = (): void => this.#under.terminate();
}

/** A worker with one slot that runs a task. */
const stage = async () => {
  const clock = new ManualClock();
  const { engine, services } = await openServices(clock, 1);
  const reception = new Reception(
    services,
    new Chronicle(silentLog, engine),
    new Presence(clock, limits),
  );
  const attendant = new Attendant(
    { secretOf: () => secret, payloadMaxBytes: 1_000, software: 'test', clock, randomBytes },
    services,
    reception,
  );
  const { dialler, manager } = MemoryTransport.pair(clock);
  const transport = new WideTransport(manager);
  const attended = attendant.attend(transport);
  const key = { keyId: 'default', secret };
  const greeted = authenticateToManager(dialler, key, 'worker', clock, randomBytes);
  await clock.settle();
  await Promise.all([attended, greeted]);
  const heard: Message[] = [];
  dialler.listen({
    frame: (bytes) => heard.push(...decodeFrame(bytes)),
    drained() {},
    closed() {},
  });
  const arrive = async (...frames: readonly Message[]): Promise<void> => {
    transport.arrive(...frames);
    await clock.advance(SOON_MS);
  };
  await arrive({ verb: 'open', peer: { name: 'worker', host: 'here', pid: 1 } });
  const enqueued = engine.enqueue([[sampleTask('task-1')]]);
  await clock.settle();
  await enqueued;
  await arrive(
    { verb: 'declarePool', pool: 0, handles: [{ queue: 'q', name: 'work' }], isolates: undefined },
    { verb: 'credit', pool: 0, given: 1, received: 0 },
  );
  const report = successOfFirst(heard);
  const state = async (): Promise<string> => {
    const found = engine.inspect('task-1');
    await clock.settle();
    const info = await found;
    return typeof info === 'string' ? info : info.state;
  };
  return { arrive, heard, report, state };
};

test('a report is settled and answered when a goodbye follows it in the same turn', async () => {
  const { arrive, heard, report, state } = await stage();
  expect(await state()).toBe('leased');
  heard.length = 0;
  await arrive(
    { verb: 'settle', requestId: 1, results: [report] },
    { verb: 'goodbye', reason: 'done' },
  );
  expect(await state()).toBe('succeeded');
  expect(heard).toEqual([
    { verb: 'settled', requestId: 1, answers: ['accepted'] },
    expect.objectContaining({ verb: 'goodbyeAck' }),
  ]);
});
