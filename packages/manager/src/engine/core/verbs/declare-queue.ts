import type { QueueSpec } from '../queue.ts';
import type { State } from '../state.ts';

/** Declares a queue, or gives a known one new bounds; answers false when there are too many. */
export const declareQueue = (state: State, spec: QueueSpec): boolean => state.declareQueue(spec);

/** Whether a queue of this name is declared. */
export const hasQueue = (state: State, name: string): boolean =>
  state.queues.get(name)?.declared === true;
