import type { Clock } from '@millrace/protocol';
import type { Services } from '../commands/services.ts';
import { makeEngine } from '../engine/engine.ts';
import { memoryJournal } from '../engine/store/memory/memory-journal.ts';
import { Dispatcher } from '../waiting/dispatcher.ts';
import { Joins } from '../waiting/joins.ts';
import { Results } from '../waiting/results.ts';
import { Room } from '../waiting/room.ts';
import { Settlements } from '../waiting/settlements.ts';
import { Waits } from '../waiting/waits.ts';

/** A clock with a promise that resolves when everything planned for now is done. */
interface SettlingClock extends Clock {
  settle(): Promise<void>;
}

/** The services of commands over a real engine in memory with one queue, `q`. */
export const openServices = async (clock: SettlingClock, maxItems: number) => {
  const engine = makeEngine({
    software: 'a test',
    journal: memoryJournal(),
    clock,
    randomBytes: (bytes) => new Uint8Array(bytes),
    payloadMaxBytes: 1_000,
    retainMaxBytes: 1_000,
    restartGraceMs: 1_000,
  });
  engine.declareQueue({ name: 'q', maxItems, maxBytes: 1_000, order: 'fifo' });
  const waits = new Waits(clock);
  const dispatcher = new Dispatcher(engine);
  const results = new Results(engine, waits);
  const room = new Room(engine, waits);
  const started = engine.start({
    ready: (laneKey, count) => dispatcher.ready(laneKey, count),
    finished: (tasks) => results.deliver(tasks),
    abort() {},
    room: (queue) => room.invite(queue),
    failed() {},
  });
  await clock.settle();
  await started;
  const services: Services = {
    clock,
    engine,
    waits,
    dispatcher,
    results,
    joins: new Joins(engine, waits),
    room,
    settlements: new Settlements(engine, results, room),
    admitQueue() {},
    newSessionId: () => 'session',
    drainWorkers: () => 0,
    status: () => null,
  };
  return { engine, services };
};
