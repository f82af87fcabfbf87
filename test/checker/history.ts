import type { Outcome, TaskState } from '@millrace/protocol';

/** The n-th grant of a task under the manager's epoch. */
export interface Grant {
  readonly epoch: number;
  readonly grant: number;
}

/** One run of a handler, or one delivery of an item. `run` is unique in the history. */
interface Running {
  readonly task: string;
  readonly worker: string;
  readonly run: string;
  readonly token: Grant;
}

/**
 * What the parties of a system saw, in the order in which it happened. `task` is
 * the name that the test gave a piece of work before it was sent.
 */
export type HistoryEvent =
  /** A producer sends: a task, or an item. */
  | {
      readonly kind: 'submit';
      readonly task: string;
      readonly client: string;
      readonly what: 'task' | 'item' | 'probe';
      /** It may end without having run. */
      readonly mayExpire: boolean;
      /** How long an attempt may take, if that is bounded. */
      readonly deadlineMs?: number | null;
    }
  /** How that ended: stored, refused for good, nobody knows, or no answer came although somebody waited. */
  | {
      readonly kind: 'submitted';
      readonly task: string;
      readonly how: 'ok' | 'fail' | 'info' | 'unanswered';
    }
  | { readonly kind: 'cancel'; readonly task: string }
  /** Its canceller was told that it is cancelled, or will be unless it succeeds first. */
  | { readonly kind: 'cancelled'; readonly task: string }
  /** The manager grants. */
  | {
      readonly kind: 'granted';
      readonly task: string;
      readonly token: Grant;
      readonly queue?: string;
    }
  /** The manager ends a grant that outlived its deadline. */
  | { readonly kind: 'fenced'; readonly task: string; readonly token: Grant }
  /** The manager accepts or refuses a settlement, by its own account. */
  | {
      readonly kind: 'settled';
      readonly task: string;
      readonly token: Grant;
      readonly as: string;
      readonly answer: string;
    }
  | (Running & { readonly kind: 'start' })
  /** `value` is what it returned, if it did. */
  | (Running & { readonly kind: 'end'; readonly how: string; readonly value?: string })
  /** What the worker was told of its report. */
  | {
      readonly kind: 'answered';
      readonly task: string;
      readonly worker: string;
      readonly token: Grant;
      readonly answer: string;
    }
  | {
      readonly kind: 'visible';
      readonly task: string;
      readonly reader: string;
      readonly outcome: Outcome;
      readonly value: string | undefined;
    }
  /** A reader asked for a task and was told that there is none. */
  | { readonly kind: 'unknown'; readonly task: string; readonly reader: string }
  /** A consumer was handed an item; one that is not kept goes back on its own. */
  | {
      readonly kind: 'taken';
      readonly task: string;
      readonly reader: string;
      readonly isKept: boolean;
    }
  /** A consumer acknowledges an item that it may lose: until it is answered nobody knows whether it is removed. */
  | { readonly kind: 'acknowledge'; readonly task: string; readonly reader: string }
  /** The manager refused that, because the item had gone back. */
  | { readonly kind: 'refused'; readonly task: string; readonly reader: string }
  /** The manager confirmed that the item is removed. */
  | { readonly kind: 'removed'; readonly task: string; readonly reader: string }
  | {
      readonly kind: 'fault';
      readonly fault: string;
      readonly target: string;
      readonly on: boolean;
    }
  /** An operator was told that a queue is paused, and later wants it to go on. */
  | { readonly kind: 'paused' | 'resume'; readonly queue: string }
  /** All faults are over. */
  | { readonly kind: 'healed' }
  /** The deadline for what is still on its way has passed, or nothing is on its way. */
  | { readonly kind: 'drained' }
  /** What the store itself says at the end. */
  | {
      readonly kind: 'stored';
      readonly task: string;
      readonly state: TaskState;
      readonly value: string | undefined;
    };

export type Recorded = HistoryEvent & { readonly atMs: number };
export type EventOf<K extends HistoryEvent['kind']> = Extract<Recorded, { readonly kind: K }>;
