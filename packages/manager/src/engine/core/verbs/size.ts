import type { QueueSize } from '../queue.ts';
import type { State } from '../state.ts';

/** How many unfinished tasks a queue holds, and how much room it has. */
export const size = (state: State, queue: string): QueueSize | 'UNKNOWN_QUEUE' =>
  state.queues.get(queue)?.size() ?? 'UNKNOWN_QUEUE';
