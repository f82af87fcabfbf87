import { type ErrorCode, messageOf } from '@millrace/protocol';
import type { AbortReason, Assignment, RunEnd } from '../attempt/runner.ts';

/**
 * A pool and its slots exchange messages as structured clones. Each run has an id,
 * so that a late message is never taken for one of another run.
 */
export interface RunOrder {
  readonly type: 'millrace:run';
  readonly runId: number;
  readonly assignment: Assignment;
  /** In ms of the wall clock; `null` for no limit. */
  readonly deadlineAtMs: number | null;
}

export interface AbortOrder {
  readonly type: 'millrace:abort';
  readonly runId: number;
  readonly reason: AbortReason;
}

export type ToSlot = RunOrder | AbortOrder;

export interface SlotReady {
  readonly type: 'millrace:ready';
}

/** The slot cannot use the handler module. */
export interface SlotRefused {
  readonly type: 'millrace:refused';
  readonly code: ErrorCode;
  readonly message: string;
}

export interface RunEnded {
  readonly type: 'millrace:ended';
  readonly runId: number;
  readonly end: RunEnd;
}

export type FromSlot = SlotReady | SlotRefused | RunEnded;

const toSlot: ReadonlySet<unknown> = new Set<ToSlot['type']>(['millrace:run', 'millrace:abort']);
const fromSlot: ReadonlySet<unknown> = new Set<FromSlot['type']>([
  'millrace:ready',
  'millrace:refused',
  'millrace:ended',
]);

const hasType = (value: unknown): value is { readonly type: unknown } =>
  typeof value === 'object' && value !== null && 'type' in value;

/** Handlers may send messages of their own over the same channel; `type` tells them apart. */
export const isToSlot = (value: unknown): value is ToSlot =>
  hasType(value) && toSlot.has(value.type);

export const isFromSlot = (value: unknown): value is FromSlot =>
  hasType(value) && fromSlot.has(value.type);

/** Events of a thread or process, for the pool that started it. */
export interface SlotEvents {
  onMessage(message: FromSlot): void;
  /** Called once, when no code of the slot can run any more. `how` reads like `exit code 1`. */
  onExit(how: string): void;
}

/** One thread or one process, started to run one task at a time. */
export interface Slot {
  /** Does nothing once the slot has ended. */
  send(message: ToSlot): void;
  /**
   * Ends the slot by force; `onExit` follows, unless a system call holds the thread.
   *
   * @param withinMs time from SIGTERM to SIGKILL of a process
   */
  kill(withinMs: number): void;
}

/** Starts a slot that imports the handler module; the slot reports ready or refused. */
export type StartSlot = (moduleUrl: string, events: SlotEvents) => Slot;

/** A slot that never started. The `onExit` that follows gives the reason. */
export const neverStarted: Slot = { send() {}, kill() {} };

export const notStarted = (error: unknown): string =>
  `it could not be started: ${messageOf(error)}`;

/** Turns a start that throws, for lack of memory or threads, into a slot that ends at once. */
export const endingAtWorst =
  (start: StartSlot): StartSlot =>
  (moduleUrl, events) => {
    try {
      return start(moduleUrl, events);
    } catch (error) {
      queueMicrotask(() => events.onExit(notStarted(error)));
      return neverStarted;
    }
  };
