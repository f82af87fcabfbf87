/** The interface of a system's adapter. The processes that drive the systems know nothing else of them. */
import type { Payload } from './payload.ts';

export interface Producer {
  /** Resolves when the task is acknowledged. */
  enqueue(payload: Payload): Promise<unknown>;
  /** Enqueues all payloads in one call. Absent where the system has no such call. */
  enqueueMany?(payloads: readonly Payload[]): Promise<unknown>;
  /** Enqueues, and resolves with the result of the run. Absent where the system has no results. */
  call?(payload: Payload): Promise<unknown>;
  close(): Promise<void>;
}

export type Handle = (payload: Payload) => null;

export interface Running {
  close(): Promise<void>;
}

/** The exports of an adapter's module. */
export interface Adapter {
  producer(address: string): Promise<Producer>;
  /** Runs `handle` for each task, `slots` at a time, or fewer where that is faster. */
  worker(address: string, slots: number, handle: Handle): Promise<Running>;
}
