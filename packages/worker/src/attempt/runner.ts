import type { Eventually, TaskError, Token } from '@millrace/protocol';
import type { RunnerKind } from '../handlers/handler.ts';

/** One grant of a task, as the worker runs it. */
export interface Assignment {
  readonly token: Token;
  readonly queue: string;
  readonly name: string;
  /** Never decoded outside the runner that calls the handler. */
  readonly payload: Uint8Array;
  /** 1 for the first; returns and losses do not count. */
  readonly attempt: number;
  /** The longest this run may take once it has a slot; `null` for no limit. */
  readonly deadlineMs: number | null;
  /** The largest result that the manager takes, encoded. */
  readonly resultMaxBytes: number;
}

/** Why a run is asked to stop. */
export type AbortReason = 'deadline' | 'cancelled' | 'drain';

/** How a run ended, before the executor says what that means. */
export type RunEnd =
  | { readonly kind: 'returned'; readonly result: Uint8Array }
  | { readonly kind: 'threw'; readonly error: TaskError }
  /** The thread or process ended without an answer. */
  | { readonly kind: 'died'; readonly error: TaskError };

export interface Run {
  /**
   * Resolves when the run has its slot, from where its deadline counts; never,
   * if it ends before. `undefined`: it has it already.
   */
  readonly begun: Promise<void> | undefined;
  /** The end, when the handler can no longer act; there at once if it waited for nothing. Never rejects. */
  readonly ended: Eventually<RunEnd>;
  /** Aborts `ctx.signal`; the handler may still return. A second call does nothing. */
  abort(reason: AbortReason): void;
  /**
   * Ends the run by force. Returns whether this runner can: an inline handler
   * cannot be killed, its slot stays taken until it settles.
   */
  kill(): boolean;
}

/**
 * Runs one task at a time in each of its slots. The same conformance suite runs
 * over every implementation.
 */
export interface Runner {
  readonly kind: RunnerKind;
  /**
   * Prepares the slots; rejects with HANDLER_INVALID when a slot cannot
   * import the handler module, with RUNNER_DIED when it ends before it is ready.
   */
  start(): Promise<void>;
  /** Must only be called while fewer than `slots` runs are open. */
  run(assignment: Assignment): Run;
  readonly slots: number;
  /** Threads or processes of it that have not ended. */
  readonly liveSlots: number;
  /**
   * Ends idle slots and kills busy ones; resolves when nothing of them is left.
   * What cannot be killed keeps it waiting: bound the wait.
   */
  close(): Promise<void>;
}
