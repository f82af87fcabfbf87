import type { Eventually, TaskError, Token } from '@millrace/protocol';
import type { RunnerKind } from '../handlers/handler.ts';

/** One grant of a task, as runners take it. */
export interface Assignment {
  readonly token: Token;
  readonly queue: string;
  readonly name: string;
  /** Version of the definition with which it was enqueued; undefined for the first. */
  readonly version?: number | undefined;
  /** Encoded; only the runner that calls the handler decodes it. */
  readonly payload: Uint8Array;
  /** 1 for the first attempt; returned and lost grants do not count. */
  readonly attempt: number;
  /** Workers that were lost under the task. Above 0 the task is a suspect: it runs in a process of its own. */
  readonly losses: number;
  /** Longest time this run may take once it has a slot; `null` for no limit. */
  readonly deadlineMs: number | null;
  /** Largest result that the manager accepts, encoded. */
  readonly resultMaxBytes: number;
}

/** Why a run is asked to stop; `failed`: by an error of its own that nothing caught. */
export type AbortReason = 'deadline' | 'cancelled' | 'drain' | 'failed';

/** How a run ended; the executor makes an `AttemptResult` of it. */
export type RunEnd =
  | { readonly kind: 'returned'; readonly result: Uint8Array }
  /** The handler threw; `waitMs` is the wait before the next attempt, if the handler asks for one. */
  | { readonly kind: 'threw'; readonly error: TaskError; readonly waitMs?: number }
  /** The handler has put its task off. */
  | { readonly kind: 'snoozed'; readonly waitMs: number }
  /** The thread or process ended without an answer. */
  | { readonly kind: 'died'; readonly error: TaskError };

export interface Run {
  /**
   * Resolves when the run gets its slot, which starts its deadline; never resolves
   * if the run ends before that. `undefined` if the run has its slot already.
   */
  readonly begun: Promise<void> | undefined;
  /** How the run ended, known once the handler can no longer act. A promise never rejects. */
  readonly ended: Eventually<RunEnd>;
  /** Aborts `ctx.signal`; the handler may still return a result. Later calls do nothing. */
  abort(reason: AbortReason): void;
  /**
   * Ends the run by force. Returns false if this runner cannot: an inline handler
   * cannot be killed, and keeps its slot until it settles.
   *
   * @param withinMs time from a signal that the handler may heed to the one that it
   * cannot; default: `killMs` of the runner
   */
  kill(withinMs?: number): boolean;
  /** Ends an inline run at once with an error that nothing caught; parts of it may still act. */
  fail?(error: TaskError): void;
}

/**
 * Runs one task at a time in each of its slots. The same conformance suite runs
 * over every implementation.
 */
export interface Runner {
  readonly kind: RunnerKind;
  /**
   * Starts the slots; resolves when all are ready. Rejects with HANDLER_INVALID if
   * a slot cannot import the handler module, with RUNNER_DIED if one ends before
   * it is ready.
   */
  start(): Promise<void>;
  /** Callers keep fewer than `slots` runs open when they call this. */
  run(assignment: Assignment): Run;
  readonly slots: number;
  /** Longest time that a kill gives the handler to end by itself, in ms. */
  readonly killMs: number;
  /** Threads or processes of this runner that have not ended. */
  readonly liveSlots: number;
  /**
   * Ends idle slots and kills busy ones; resolves when all slots are gone. Callers
   * bound their wait, because a run that cannot be killed keeps this pending.
   */
  close(): Promise<void>;
}
