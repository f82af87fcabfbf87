import { statSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '@millrace/protocol';
import type { Write } from '../journal.ts';
import { storeFiles } from './contents.ts';
import { errorNameOf, sayError } from './disk-error.ts';
import { type Identity, markOf, readIdentity, type StoreState } from './identity.ts';
import { identityOf, inDirectory, whetherRunning } from './keeper.ts';
import { DATA_FILE, readLmdb } from './lmdb-journal.ts';
import { LOG_END_FILE } from './log/log-end.ts';
import { recordsBehind } from './log/open-log.ts';
import { decodePosition, POSITION_KEY } from './log/position.ts';
import { type StoredLog, surveyLog, surveyLogHeaders } from './log/survey-log.ts';
import { requireMeta, surveyTree, type TreeFacts } from './tree/check-tree.ts';
import { isMarked, valueOf } from './tree/checked-value.ts';
import { TreeDamage } from './tree/tree-damage.ts';

/** The state of the files of a store or a backup. */
export interface Survey {
  /** Undefined when the identity is damaged. */
  readonly id: string | undefined;
  readonly isRunning: boolean;
  readonly treeBytes: number;
  /** Undefined when the tree could not be read. */
  readonly tree: TreeFacts | undefined;
  /** A sentence for each damaged place. Where there is damage, rows may be missing. */
  readonly damage: readonly string[];
}

export type VisitRow = (key: string, value: Uint8Array) => void;

/** More sentences would say nothing new. */
const DAMAGE_MAX = 100;

const unfinished: Readonly<Partial<Record<StoreState, string>>> = {
  creating:
    'its first start was interrupted, so it is empty; the next start of a manager completes it',
  adopting:
    'its takeover from millrace 0.1 was interrupted; the next start of a manager completes it',
  renewing: 'its log is not made yet; the next start of a manager makes the log',
  restoring: 'a restore into it has not ended; run millrace store restore again',
};

/** Shows the rows of a tree in order, with the changes that only the log has. */
class Overlay {
  readonly #changes: readonly Write[];
  readonly #visit: VisitRow;
  #at = 0;

  /** @param changes in ascending order of their keys, one for each key */
  constructor(changes: readonly Write[], visit: VisitRow) {
    this.#changes = changes;
    this.#visit = visit;
  }

  row(key: string, value: Uint8Array): void {
    this.#showUpTo((change) => change < key);
    if (this.#changes[this.#at]?.key !== key) {
      this.#visit(key, value);
    }
  }

  end(): void {
    this.#showUpTo(() => true);
  }

  #showUpTo(isBefore: (key: string) => boolean): void {
    for (
      let change = this.#changes[this.#at];
      change !== undefined && isBefore(change.key);
      change = this.#changes[this.#at]
    ) {
      this.#at += 1;
      if (change.value !== undefined) {
        this.#visit(change.key, change.value);
      }
    }
  }
}

/** The last write of each key, in ascending order of the keys. */
const lastWrites = (writes: readonly Write[]): readonly Write[] =>
  [...new Map(writes.map((write) => [write.key, write])).values()].toSorted((a, b) =>
    a.key < b.key ? -1 : 1,
  );

/** The changes of a log that its tree does not have yet. @throws Error when the two do not fit */
const pendingWrites = (
  position: Uint8Array,
  identity: Identity | undefined,
  log: StoredLog | undefined,
): readonly Write[] => {
  const { mark, sequence } = decodePosition(position);
  if (identity !== undefined && Buffer.compare(mark, markOf(identity)) !== 0) {
    throw new Error(`${DATA_FILE} belongs to another store; put its own back, or restore a backup`);
  }
  const records = log === undefined ? [] : recordsBehind({ mark, sequence }, log.files, log.end);
  return lastWrites(records.flatMap(({ writes }) => writes));
};

class Surveyor {
  readonly #directory: string;
  readonly #visit: VisitRow;
  readonly #damage: string[] = [];
  #unlisted = 0;

  constructor(directory: string, visit: VisitRow) {
    this.#directory = directory;
    this.#visit = visit;
  }

  get #path(): string {
    return join(this.#directory, DATA_FILE);
  }

  /** The identity; undefined when it is damaged. @throws Error when there is no store, or it is not complete */
  identity(): Identity | undefined {
    const identity = this.#noting(() => readIdentity(this.#directory));
    if (identity === undefined && this.#damage.length === 0) {
      return identityOf(this.#directory);
    }
    const hindrance = identity && unfinished[identity.state];
    if (hindrance !== undefined) {
      throw new Error(hindrance);
    }
    return identity;
  }

  backup(identity: Identity): Survey {
    return this.#seen(identity, false, this.#tree(identity, undefined));
  }

  stopped(identity: Identity | undefined): Survey {
    const hasLog = this.#haveFiles(
      [...storeFiles, LOG_END_FILE].filter((name) => name !== DATA_FILE),
    );
    const log =
      hasLog && identity !== undefined
        ? surveyLog(this.#directory, markOf(identity), this.#noting)
        : undefined;
    return this.#seen(identity, false, this.#tree(identity, log));
  }

  /** Surveys a store that a manager has open: LMDB lets other processes read its tree. */
  async running(identity: Identity | undefined): Promise<Survey> {
    if (!this.#haveFiles(storeFiles) || this.#noting(() => requireMeta(this.#path)) === undefined) {
      return this.#seen(identity, true, undefined);
    }
    if (identity !== undefined) {
      surveyLogHeaders(this.#directory, markOf(identity), this.#noting);
    }
    const reader = readLmdb(this.#directory, identity?.isChecked ?? false);
    try {
      const release = reader.holdSnapshot();
      const tree = this.#tree(identity, undefined);
      release();
      return this.#seen(identity, true, tree);
    } finally {
      await reader.close();
    }
  }

  readonly #noting = <T>(act: () => T): T | undefined => {
    try {
      return act();
    } catch (error) {
      if (codeOf(error) !== undefined) {
        throw error;
      }
      this.#note(error);
      return undefined;
    }
  };

  #note(error: unknown): void {
    if (this.#damage.length < DAMAGE_MAX) {
      this.#damage.push(sayError(error));
    } else {
      this.#unlisted += 1;
    }
  }

  /** Notes each of these names that is no file. A FIFO must not be opened, because its reader would wait. */
  #haveFiles(names: readonly string[]): boolean {
    const areFiles = names.map((name) =>
      this.#noting(() => {
        const found = statSync(join(this.#directory, name), { throwIfNoEntry: false });
        if (found?.isFile() !== true) {
          const what = found === undefined ? 'is missing' : 'is not a file';
          throw new Error(`${name} ${what}; put it back, or restore a backup`);
        }
        return true;
      }),
    );
    return areFiles.every((isFile) => isFile === true);
  }

  #tree(identity: Identity | undefined, log: StoredLog | undefined): TreeFacts | undefined {
    if (!this.#haveFiles([DATA_FILE])) {
      return undefined;
    }
    let overlay: Overlay | undefined;
    // The position sorts before all rows.
    const show = (key: string, stored: Buffer): void => {
      const value = isMarked(stored) ? valueOf(stored) : stored;
      if (key === POSITION_KEY) {
        const pending = this.#noting(() => pendingWrites(value, identity, log));
        overlay = new Overlay(pending ?? [], this.#visit);
      } else {
        overlay?.row(key, value);
      }
    };
    const facts = this.#noting(() => surveyTree(this.#path, show, (damage) => this.#note(damage)));
    overlay?.end();
    if (identity?.isChecked === true && facts !== undefined && facts.bareValues > 0) {
      this.#note(new TreeDamage('a value has no checksum'));
    }
    if (overlay === undefined && this.#damage.length === 0) {
      this.#note(new TreeDamage('it does not say its position in the log'));
    }
    return facts;
  }

  #seen(identity: Identity | undefined, isRunning: boolean, tree: TreeFacts | undefined): Survey {
    const more = this.#unlisted === 0 ? [] : [`${this.#unlisted} more places are damaged`];
    return {
      id: identity?.id,
      isRunning,
      treeBytes: statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0,
      tree,
      damage: [...this.#damage, ...more],
    };
  }
}

/**
 * Reads all of a store or of a backup, and changes nothing: the identity, the log, each page of
 * the tree, the list of free pages, each checksum. `visit` is called with each row in order of the
 * keys. While a manager has the store open, the survey reads the tree as it is at that moment, and
 * only the first pages of the log.
 *
 * @throws STORE_FAILED when there is no store
 */
export const surveyStore = (directory: string, visit: VisitRow): Promise<Survey> =>
  inDirectory(directory, async () => {
    const surveyor = new Surveyor(directory, visit);
    const identity = surveyor.identity();
    if (identity?.state === 'backup') {
      return surveyor.backup(identity);
    }
    try {
      return await whetherRunning(
        directory,
        () => surveyor.stopped(identity),
        () => surveyor.running(identity),
      );
    } catch (error) {
      // Nothing can change a store on a read-only file system, so the survey needs no lock.
      if (errorNameOf(error) === 'EROFS') {
        return surveyor.stopped(identity);
      }
      throw error;
    }
  });
