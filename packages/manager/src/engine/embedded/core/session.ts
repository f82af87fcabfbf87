import type { Task } from './task.ts';

/** A peer that can hold leases; outlives its connection by a grace. */
export interface Session {
  readonly id: string;
  readonly leased: Set<Task>;
  /** On the monotonic clock; infinite while connected. */
  graceEndsAtMs: number;
}

export const newSession = (id: string): Session => ({
  id,
  leased: new Set(),
  graceEndsAtMs: Number.POSITIVE_INFINITY,
});
