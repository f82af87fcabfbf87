import type { Outcome, TaskState } from '@millrace/protocol';

/** The token of a grant. */
export interface Grant {
  readonly epoch: number;
  readonly grant: number;
}

export const isSameGrant = (a: Grant, b: Grant): boolean =>
  a.epoch === b.epoch && a.grant === b.grant;

/** One run of a handler, or one delivery of an item. `run` is unique in the history. */
interface Running {
  readonly task: string;
  readonly worker: string;
  readonly run: string;
  readonly token: Grant;
}

/** A key of an enqueue. */
export interface SubmittedKey {
  /** Unique among all queues and task names. */
  readonly name: string;
  /** Until when further enqueues become part of the task that holds the key; a number is ms from its enqueue on. */
  readonly holds: 'until finished' | 'until granted' | number;
}

/**
 * An observation of one party of a system. A history has them in the order in which
 * they happened. `task` is the name that the test gave a task or item before sending it.
 */
export type HistoryEvent =
  /** A producer sends a task or an item. */
  | {
      readonly kind: 'submit';
      readonly task: string;
      readonly client: string;
      readonly what: 'task' | 'item' | 'probe';
      /** Whether the task may expire without having run. */
      readonly mayExpire: boolean;
      /** The time that an attempt may take; null if there is no bound. */
      readonly deadlineMs?: number | null;
      /** Whether the task ends the process that runs it. */
      readonly isPoison?: boolean;
      /** The failed attempts after which the task is dead. */
      readonly attempts?: number;
      /** The wait before the task may be granted, as its producer asks for it. */
      readonly delayMs?: number;
      /** The shortest wait between a failed attempt and the next one; by default none. */
      readonly retryLeastMs?: number;
      /** The version of its definition; by default the first. */
      readonly version?: number;
      readonly key?: SubmittedKey;
    }
  /**
   * The producer's answer: `ok` when the task is stored, `fail` when it is refused for good,
   * `info` when the producer cannot know, `unanswered` when no answer came while it waited.
   */
  | {
      readonly kind: 'submitted';
      readonly task: string;
      readonly how: 'ok' | 'fail' | 'info' | 'unanswered';
      /** The task that does the work, if this enqueue did not make it. */
      readonly joined?: string;
    }
  | { readonly kind: 'cancel'; readonly task: string }
  /** The manager confirmed a cancellation: the task is cancelled, or will be unless it succeeds first. */
  | { readonly kind: 'cancelled'; readonly task: string }
  /** The manager grants a task or an item. */
  | {
      readonly kind: 'granted';
      readonly task: string;
      readonly token: Grant;
      readonly queue?: string;
      /** The version under which the worker takes the task. */
      readonly version?: number;
    }
  /** The manager ends a grant that outlived its deadline. */
  | { readonly kind: 'fenced'; readonly task: string; readonly token: Grant }
  /** The manager's engine accepts or refuses a report. */
  | {
      readonly kind: 'settled';
      readonly task: string;
      readonly token: Grant;
      readonly as: string;
      readonly answer: string;
      /** Whether no further attempt can help. */
      readonly isFinal?: boolean;
    }
  /** `input` names the enqueue whose payload the handler is given; by default that of the task. */
  | (Running & { readonly kind: 'start'; readonly input?: string; readonly version?: number })
  /** `value` is the handler's return value, if it returned. */
  | (Running & {
      readonly kind: 'end';
      readonly how: string;
      readonly value?: string;
      /** The wait that the handler asks for. */
      readonly waitMs?: number;
    })
  /** The worker receives the answer to its report. */
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
  /** A reader asks for a task, and the manager does not know it. */
  | { readonly kind: 'unknown'; readonly task: string; readonly reader: string }
  /** A consumer receives an item. An item that is not kept returns to its queue when the lease ends. */
  | {
      readonly kind: 'taken';
      readonly task: string;
      readonly reader: string;
      readonly isKept: boolean;
    }
  /** A consumer acknowledges an item. Until the answer, the item may be removed or not. */
  | { readonly kind: 'acknowledge'; readonly task: string; readonly reader: string }
  /** The manager refused an acknowledgement, because the consumer's lease had ended. */
  | { readonly kind: 'refused'; readonly task: string; readonly reader: string }
  /** The manager confirmed that an item is removed. */
  | { readonly kind: 'removed'; readonly task: string; readonly reader: string }
  | {
      readonly kind: 'fault';
      readonly fault: string;
      readonly target: string;
      readonly on: boolean;
    }
  /** A change of a worker's event loop, for example because a task blocks it or a stop signal comes. */
  | {
      readonly kind: 'loop';
      readonly worker: string;
      readonly is: 'blocked' | 'running' | 'told to stop' | 'ended by its watchdog' | 'dead';
    }
  /** The manager confirmed that a queue is paused; an operator asks to resume it. */
  | { readonly kind: 'paused' | 'resume'; readonly queue: string }
  /** All faults are over. */
  | { readonly kind: 'healed' }
  /** No work is left, or the time that was given for it after the faults has passed. */
  | { readonly kind: 'drained' }
  /** The state of a task in the store, read at the end. */
  | {
      readonly kind: 'stored';
      readonly task: string;
      readonly state: TaskState;
      readonly value: string | undefined;
    };

export type Recorded = HistoryEvent & { readonly atMs: number };
export type EventOf<K extends HistoryEvent['kind']> = Extract<Recorded, { readonly kind: K }>;
