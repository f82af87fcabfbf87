import { TurnoverMap } from '@millrace/protocol';
import type { Task } from './task.ts';

/** A peer that can hold leases; outlives its connection by a grace. */
export interface Session {
  readonly id: string;
  /** By their ids, in the order in which they were granted. */
  readonly leased: TurnoverMap<string, Task>;
  /** On the monotonic clock; infinite while connected. */
  graceEndsAtMs: number;
}

export const newSession = (id: string): Session => ({
  id,
  leased: new TurnoverMap(),
  graceEndsAtMs: Number.POSITIVE_INFINITY,
});
