import type { Clock } from '@millrace/protocol';
import type { Engine } from '../engine/engine.ts';
import type { Dispatcher } from '../waiting/dispatcher.ts';
import type { Joins } from '../waiting/joins.ts';
import type { Results } from '../waiting/results.ts';
import type { Room } from '../waiting/room.ts';
import type { Settlements } from '../waiting/settlements.ts';
import type { Waits } from '../waiting/waits.ts';

/** What commands may use. */
export interface Services {
  readonly clock: Clock;
  readonly engine: Engine;
  readonly dispatcher: Dispatcher;
  readonly results: Results;
  readonly joins: Joins;
  readonly room: Room;
  readonly settlements: Settlements;
  readonly waits: Waits;
  /** Declares a queue when its name is first used, if the manager has `autoQueues`. */
  readonly admitQueue: (name: string) => void;
  readonly newSessionId: () => string;
  /** Asks the workers of this name, or the one with this session, to end; answers how many. */
  readonly drainWorkers: (worker: string) => number;
  /** The status document, as plain data. */
  readonly status: () => unknown;
}
