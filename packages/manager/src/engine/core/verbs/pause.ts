import type { State } from '../state.ts';
import { setPaused } from '../transitions.ts';

export interface PauseRequest {
  readonly queue: string;
  /** False to deal from it again. */
  readonly isPaused: boolean;
}

/** A paused queue accepts tasks and deals none, also after a restart. Leases go on. */
export const pause = (
  state: State,
  { isPaused, queue }: PauseRequest,
): 'UNKNOWN_QUEUE' | undefined => {
  const known = state.queues.get(queue);
  if (known === undefined) {
    return 'UNKNOWN_QUEUE';
  }
  setPaused(state, known, isPaused);
  return undefined;
};
