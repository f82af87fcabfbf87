import type { Cancel, Clock } from '@millrace/protocol';
import { tuning } from '../../../tuning.ts';
import type { Journal, JournalSpace, Row, Write } from '../journal.ts';
import { Layer } from '../layer.ts';
import { apply, rowsOf } from './log/position.ts';
import type { WriteAheadLog } from './log/write-ahead-log.ts';

/**
 * A journal with a log before its tree. A commit is durable once it is in the log, which
 * takes one flush. A commit of the tree takes two flushes and more writes, so a
 * **checkpoint** brings the changes of many commits to the tree together. Until then the
 * changes overlay the tree in two layers: below those of the checkpoint in flight, above
 * those since it began.
 */
export class LoggedJournal implements Journal {
  readonly name: string;
  readonly #tree: Journal;
  readonly #log: WriteAheadLog;
  readonly #clock: Clock;
  readonly #inCheckpoint: Layer;
  readonly #since: Layer;
  /** The checkpoint in flight. The promise resolves even when the checkpoint fails. */
  #checkpoint: Promise<void> | undefined;
  /** Resolves when the last commit has ended, and never rejects. */
  #lastCommit: Promise<void> = Promise.resolve();
  #isAppending = false;
  #isTimeUp = false;
  #stopTimer: Cancel | undefined;
  #failure: { readonly cause: unknown } | undefined;

  /** @param tree already has all changes of the log */
  constructor(tree: Journal, log: WriteAheadLog, clock: Clock) {
    this.name = tree.name;
    this.#tree = tree;
    this.#log = log;
    this.#clock = clock;
    this.#inCheckpoint = new Layer(rowsOf(tree));
    this.#since = new Layer(this.#inCheckpoint);
  }

  get(key: string): Uint8Array | undefined {
    return this.#since.get(key);
  }

  lastKey(from: string, to: string): string | undefined {
    return this.#since.lastKey(from, to);
  }

  range(from: string, to: string, limit: number): Row[] {
    return this.#since.range(from, to, limit);
  }

  commit(writes: readonly Write[]): Promise<void> {
    const commit = this.#append(writes);
    // The error goes to the caller; `close` only waits until the commit has ended.
    this.#lastCommit = commit.catch(() => {});
    return commit;
  }

  space(): JournalSpace {
    this.#throwFailure();
    const space = this.#tree.space();
    return { ...space, usedBytes: space.usedBytes + this.#log.usedBytes };
  }

  /** Brings all changes to the tree. If that fails, the next start finds them in the log. */
  async close(): Promise<void> {
    await this.#lastCommit;
    this.#stopTimer?.();
    while (this.#failure === undefined && (this.#checkpoint !== undefined || this.#log.isBegun)) {
      if (this.#checkpoint === undefined) {
        this.#beginCheckpoint();
      }
      await this.#checkpoint;
    }
    // After a failed commit a checkpoint may still be in flight.
    await this.#checkpoint;
    this.#failure ??= { cause: new Error('the journal is closed') };
    try {
      await this.#log.close();
    } finally {
      await this.#tree.close();
    }
  }

  async #append(writes: readonly Write[]): Promise<void> {
    if (this.#log.isFull) {
      // The other file of the log is free only when the checkpoint has ended.
      await this.#checkpoint;
    }
    this.#throwFailure();
    this.#isAppending = true;
    try {
      await this.#log.append(writes);
    } catch (cause) {
      this.#failure ??= { cause };
    }
    this.#isAppending = false;
    this.#throwFailure();
    this.#since.add(writes);
    this.#checkpointWhenDue();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) {
      throw this.#failure.cause;
    }
  }

  /**
   * A checkpoint does not begin while a record is in flight: the record would be in the file
   * that the checkpoint frees, and not in the tree.
   */
  #checkpointWhenDue(): void {
    if (this.#checkpoint !== undefined || this.#isAppending || this.#failure !== undefined) {
      return;
    }
    if (this.#isTimeUp || this.#log.isHalfFull || this.#since.size >= tuning.checkpointKeys) {
      this.#beginCheckpoint();
    } else {
      this.#stopTimer ??= this.#clock.after(tuning.checkpointMs, () => this.#timeIsUp());
    }
  }

  #timeIsUp(): void {
    this.#stopTimer = undefined;
    this.#isTimeUp = true;
    this.#checkpointWhenDue();
  }

  #beginCheckpoint(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    this.#isTimeUp = false;
    this.#inCheckpoint.takeOver(this.#since);
    this.#log.turnOver();
    this.#checkpoint = this.#writeTree().catch((cause: unknown) => {
      // The next call of `commit` or `space` throws the failure. All acknowledged changes are
      // in the log.
      this.#failure ??= { cause };
    });
  }

  async #writeTree(): Promise<void> {
    await apply(this.#tree, this.#inCheckpoint.writes(), this.#log.position);
    this.#inCheckpoint.clear();
    await this.#log.free();
    this.#checkpoint = undefined;
    if (this.#log.isBegun) {
      this.#checkpointWhenDue();
    }
  }
}
