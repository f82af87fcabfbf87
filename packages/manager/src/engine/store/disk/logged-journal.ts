import type { Cancel, Clock } from '@millrace/protocol';
import { tuning } from '../../../tuning.ts';
import type { Journal, JournalSpace, Row, Write } from '../journal.ts';
import { Layer } from '../layer.ts';
import { apply, rowsOf } from './log/position.ts';
import type { WriteAheadLog } from './log/write-ahead-log.ts';

/**
 * A journal with a log before its tree. A commit is durable once it is in the log,
 * which takes one flush; the tree, which takes two and more writing, gets what
 * changed a little later and for many commits together: a **checkpoint**. Until
 * then the changes lie over the tree in two layers: those that a checkpoint is
 * writing, and above them those that came since.
 */
export class LoggedJournal implements Journal {
  readonly name: string;
  readonly #tree: Journal;
  readonly #log: WriteAheadLog;
  readonly #clock: Clock;
  readonly #inCheckpoint: Layer;
  readonly #since: Layer;
  /** The checkpoint in flight. It ends, too, when it has failed. */
  #checkpoint: Promise<void> | undefined;
  /** Settles with it, and never rejects. */
  #lastCommit: Promise<void> = Promise.resolve();
  #isAppending = false;
  #isTimeUp = false;
  #stopTimer: Cancel | undefined;
  #failure: { readonly cause: unknown } | undefined;

  /** @param tree has what the log had before */
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
    // Whoever made it hears whether it failed; `close` only waits for it.
    this.#lastCommit = commit.catch(() => {});
    return commit;
  }

  space(): JournalSpace {
    this.#throwFailure();
    const space = this.#tree.space();
    return { ...space, usedBytes: space.usedBytes + this.#log.usedBytes };
  }

  /** After it the tree has everything; if that failed, the next start finds it in the log. */
  async close(): Promise<void> {
    await this.#lastCommit;
    this.#stopTimer?.();
    while (this.#failure === undefined && (this.#checkpoint !== undefined || this.#log.isBegun)) {
      if (this.#checkpoint === undefined) {
        this.#beginCheckpoint();
      }
      await this.#checkpoint;
    }
    // After a commit that failed, one may still be in flight.
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
      // Its other file is free only when the checkpoint has ended.
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

  /** A record in flight belongs to the file that it is written to: none is while the log goes on in the other. */
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
      // The next commit says it, or whoever asks for the space. What was acknowledged is in the log.
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
