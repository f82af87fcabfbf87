/** What a system's adapter offers to the processes that drive it, all alike. */
import type { Payload } from './payload.ts';

export interface Producer {
  /** Resolves when the task is acknowledged. */
  enqueue(payload: Payload): Promise<unknown>;
  /** All in one call. Missing where the system has no such call. */
  enqueueMany?(payloads: readonly Payload[]): Promise<unknown>;
  /** Enqueues, and resolves with the result of the run. Missing where there are no results. */
  call?(payload: Payload): Promise<unknown>;
  close(): Promise<void>;
}

export type Handle = (payload: Payload) => null;

export interface Running {
  close(): Promise<void>;
}

/** A module that exports these two. */
export interface Adapter {
  producer(address: string): Promise<Producer>;
  /** Runs `handle` for each task, `slots` at once, or fewer where that is faster. */
  worker(address: string, slots: number, handle: Handle): Promise<Running>;
}
