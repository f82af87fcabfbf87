import type { MillraceError, TaskError, Token } from '@millrace/protocol';
import type { AbortReason, Assignment } from './attempt/runner.ts';
import type { Uncaught } from './attempt/uncaught.ts';
import type { RunnerKind } from './handlers/handler.ts';
import type { LostSlot } from './pulling/puller.ts';

/** The attempt that an event is about. */
export interface AttemptFacts {
  readonly queue: string;
  readonly name: string;
  readonly taskId: string;
  readonly attempt: number;
}

/** A slot whose attempt goes on although it was to be killed, with the state of its pool. */
export interface LostSlotFacts extends AttemptFacts {
  readonly runner: RunnerKind;
  readonly lostSlots: number;
  readonly slots: number;
}

export type WorkerEvent =
  | { readonly kind: 'connected'; readonly sessionId: string; readonly epoch: number }
  | { readonly kind: 'drain-requested'; readonly reason: string }
  | { readonly kind: 'disconnected'; readonly error: MillraceError }
  | ({ readonly kind: 'attempt-failed'; readonly error: TaskError } & AttemptFacts)
  | ({ readonly kind: 'deadline-passed'; readonly deadlineMs: number } & AttemptFacts)
  | ({ readonly kind: 'attempt-killed'; readonly reason: AbortReason } & AttemptFacts)
  | ({ readonly kind: 'slot-lost' } & LostSlotFacts)
  | ({ readonly kind: 'slot-regained' } & LostSlotFacts)
  /** Every slot of a pool is lost. With `restartWhenStuck` the worker now drains and ends. */
  | { readonly kind: 'stuck'; readonly error: MillraceError }
  /**
   * Nothing caught an error. With `task` it is that of an attempt that had ended
   * before; without, no attempt is to blame, and the worker drains and ends.
   */
  | {
      readonly kind: 'uncaught';
      readonly code: Uncaught['code'];
      readonly error: TaskError;
      readonly task: AttemptFacts | undefined;
    }
  /** The event loop was blocked, and runs again. */
  | {
      readonly kind: 'loop-blocked';
      readonly silentMs: number;
      readonly taskId: string | undefined;
      readonly name: string | undefined;
      /** Function, file and line in which the loop was found, if it could be asked. */
      readonly place: string | undefined;
    }
  | { readonly kind: 'lease-lost'; readonly token: Token };

export const attemptFacts = ({ attempt, name, queue, token }: Assignment): AttemptFacts => ({
  queue,
  name,
  taskId: token.taskId,
  attempt,
});

export const lostSlotFacts = (
  { assignment, pool }: LostSlot,
  lostSlots: number,
): LostSlotFacts => ({
  ...attemptFacts(assignment),
  runner: pool.kind,
  lostSlots,
  slots: pool.slots,
});
