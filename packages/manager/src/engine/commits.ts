import { type Cancel, type Clock, MillraceError, messageOf } from '@millrace/protocol';
import { tuning } from '../tuning.ts';
import type { Batch } from './core/batch.ts';
import { committed, type Effects } from './core/committed.ts';
import { seal } from './core/seal.ts';
import type { State } from './core/state.ts';
import type { Journal, Write } from './store/journal.ts';
import type { Turn } from './turn.ts';

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: MillraceError) => void;
}

const deferred = (): Deferred => {
  let resolve = (): void => {};
  let reject = (_error: MillraceError): void => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  // `failed` tells of a failure. A rejection that nobody waits for must not end the process.
  promise.catch(() => {});
  return { promise, resolve, reject };
};

const resolved = (): Deferred => {
  const done = deferred();
  done.resolve();
  return done;
};

const bytesOf = (writes: readonly Write[]): number => {
  let bytes = 0;
  for (const { key, value } of writes) {
    bytes += key.length + (value?.length ?? 0);
  }
  return bytes;
};

export const storeFailed = (cause: unknown): MillraceError =>
  new MillraceError('STORE_FAILED', `the store failed: ${messageOf(cause)}`, { cause });

export interface CommitEvents {
  /** A batch is durable. Its effects are told before the promises resolve. */
  committed(effects: Effects): void;
  /** A write failed, or a listener has a defect. */
  failed(cause: unknown): void;
}

export interface CommitParts {
  readonly state: State;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly turn: Turn;
}

/**
 * Commits the batches of the core, one in flight at a time. All changes of one turn become
 * one batch, and so do all changes that are made while a batch is in flight.
 */
export class Commits {
  readonly #parts: CommitParts;
  readonly #events: CommitEvents;
  #isCommitting = false;
  #isPlanned = false;
  /** Whether somebody waits for the batch that is collecting. */
  #isUrgent = false;
  /** Whether the batch that is collecting has changes that an answer can reflect: more than grants. */
  #canBeReflected = false;
  #isStopped = false;
  #stopWaiting: Cancel | undefined;
  /** Resolves when the batch that is collecting is durable. */
  #next = deferred();
  /** Resolves when the batch in flight, or else the last one, is durable. */
  #present = resolved();
  #commitMs = 0;
  /** When the commit in flight began. */
  #startedAtMs = 0;
  #writtenBytes = 0;

  constructor(parts: CommitParts, events: CommitEvents) {
    this.#parts = parts;
    this.#events = events;
  }

  /** Smoothed time of a commit, or the age of the one in flight if that is longer. */
  get commitMs(): number {
    const ageMs = this.#isCommitting ? this.#parts.clock.monotonicMs() - this.#startedAtMs : 0;
    return Math.max(this.#commitMs, ageMs);
  }

  /** Bytes written since the last call. Each batch is written twice: to the log and to the tree. */
  takeWrittenBytes(): number {
    const bytes = this.#writtenBytes;
    this.#writtenBytes = 0;
    return bytes;
  }

  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** Whether nothing waits to be written. */
  get isSettled(): boolean {
    return !this.#isCommitting && !this.#hasChanges;
  }

  get #hasChanges(): boolean {
    return !this.#parts.state.batch.isEmpty;
  }

  /** Notes that an answer can reflect the changes so far. Grants alone are not noted. */
  noteChanges(): void {
    this.#canBeReflected ||= this.#hasChanges;
  }

  /**
   * Plans the commit of the batch that is collecting for the end of this turn, or right after
   * the batch in flight, because somebody waits.
   */
  hurry(): void {
    this.#isUrgent ||= this.#hasChanges;
    if (!this.#isCommitting && !this.#isPlanned && this.#isUrgent) {
      this.#isPlanned = true;
      this.#parts.turn.at('commit', () => {
        this.#isPlanned = false;
        this.#commit();
      });
    }
  }

  /**
   * Plans the commit of the batch that is collecting, `unawaitedMaxMs` from now at the latest.
   * Nobody waits, so later changes can share the flush.
   */
  soon(): void {
    if (!this.#isUrgent && !this.#isCommitting && this.#hasChanges) {
      this.#stopWaiting ??= this.#parts.clock.after(tuning.unawaitedMaxMs, () => this.hurry());
    }
  }

  /** Resolves when everything that was changed so far is durable. */
  written(): Promise<void> {
    return (this.#hasChanges ? this.#next : this.#present).promise;
  }

  /** Resolves when all changes so far except grants are durable, and hurries their commit. */
  reflected(): Promise<void> {
    if (this.#canBeReflected) {
      this.hurry();
    }
    return (this.#canBeReflected ? this.#next : this.#present).promise;
  }

  /** Ends all commits. A batch in flight may still reach the disk, but nobody is told. */
  stop(failure: MillraceError): void {
    this.#isStopped = true;
    this.#present.reject(failure);
    this.#next.reject(failure);
  }

  #commit(): void {
    if (this.#isCommitting || this.#isStopped || !this.#hasChanges) {
      return;
    }
    const { clock, journal, state } = this.#parts;
    this.#isCommitting = true;
    this.#isUrgent = false;
    this.#canBeReflected = false;
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    this.#startedAtMs = clock.monotonicMs();
    const batch = seal(state);
    const done = this.#next;
    this.#next = deferred();
    this.#present = done;
    this.#writtenBytes += 2 * bytesOf(batch.writes);
    journal
      .commit(batch.writes)
      .then(
        () => this.#committed(batch, done),
        (error: unknown) => {
          throw storeFailed(error);
        },
      )
      .catch((error: unknown) => this.#events.failed(error));
  }

  #committed(batch: Batch, done: Deferred): void {
    if (this.#isStopped) {
      return;
    }
    this.#isCommitting = false;
    const tookMs = this.#parts.clock.monotonicMs() - this.#startedAtMs;
    this.#commitMs += (tookMs - this.#commitMs) * tuning.commitSmoothing;
    const effects = committed(this.#parts.state, batch);
    // The disk works on the next batch while the effects of this one are told and sent.
    if (this.#isUrgent) {
      this.#commit();
    }
    this.#events.committed(effects);
    done.resolve();
    this.soon();
  }
}
