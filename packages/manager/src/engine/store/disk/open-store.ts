import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type Log, MillraceError } from '@millrace/protocol';
import { tuning } from '../../../tuning.ts';
import type { Write } from '../journal.ts';
import {
  type Contents,
  clearCopy,
  clearStore,
  contentsOf,
  missingOf,
  storeFiles,
} from './contents.ts';
import { isFull } from './disk-error.ts';
import {
  type Closed,
  type Identity,
  idOf,
  markOf,
  readIdentity,
  writeIdentity,
} from './identity.ts';
import { DATA_FILE, type LmdbJournal, lmdbJournal } from './lmdb-journal.ts';
import { LOG_END_FILE } from './log/log-end.ts';
import {
  type LogFiles,
  logHeaderOf,
  logNames,
  makeLogFiles,
  openLogFiles,
  readBareLogFiles,
} from './log/log-files.ts';
import { MARK_BYTES } from './log/log-record.ts';
import { beginLog, recordsBehind, resumeLog } from './log/open-log.ts';
import {
  apply,
  decodePosition,
  OLD_POSITION_KEY,
  POSITION_KEY,
  type Position,
  positionOf,
} from './log/position.ts';
import type { WriteAheadLog } from './log/write-ahead-log.ts';
import { checkTree, type TreeFacts } from './tree/check-tree.ts';
import { isMarked, valueOf } from './tree/checked-value.ts';

/** An open store: the tree, and the log before it. */
export interface OpenStore {
  readonly identity: Identity;
  readonly tree: LmdbJournal;
  readonly log: WriteAheadLog;
}

const WAY_OUT = 'put it back, restore a backup, or move the directory away to begin anew';

/** A full disk must not keep a store closed that needs no space. */
const orFull = (write: () => void): void => {
  try {
    write();
  } catch (error) {
    if (!isFull(error)) {
      throw error;
    }
  }
};

/** The tree file as it is now. */
const treeFileOf = (directory: string): Closed => {
  const { mtimeNs, size } = statSync(join(directory, DATA_FILE), { bigint: true });
  return { bytes: Number(size), changedNs: String(mtimeNs) };
};

/** Closes what a failed step has opened. The first error is the one that matters. */
const orClosed = async <T>(close: () => Promise<void>, open: () => Promise<T>): Promise<T> => {
  try {
    return await open();
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
};

class Opener {
  readonly #directory: string;
  readonly #log: Log;

  constructor(directory: string, log: Log) {
    this.#directory = directory;
    this.#log = log;
  }

  open(): Promise<OpenStore> {
    const contents = contentsOf(this.#directory);
    const identity = readIdentity(this.#directory);
    switch (identity?.state) {
      case 'creating':
        return this.#create({ ...contents, foreign: [] });
      case 'adopting':
        return this.#adoptFurther(identity, contents);
      case 'renewing':
        return this.#renew(identity, contents);
      case 'ready':
        return this.#resume(identity, contents);
      case 'backup':
        throw new Error(
          'it is a backup, which no manager may change: millrace store restore copies it into a new directory',
        );
      case 'restoring':
        throw new Error('a restore into it has not ended: run millrace store restore again');
      default:
        return contents.found.size === 0 || this.#isUntouched(contents)
          ? this.#create(contents)
          : this.#adopt(contents);
    }
  }

  /** Whether only the beginning of an identity was written. */
  #isUntouched({ found }: Contents): boolean {
    return [...found].every((name) => name === 'store.json.new');
  }

  /** Nothing can be acknowledged before the identity says that the store is ready. */
  async #create({ foreign }: Contents): Promise<OpenStore> {
    if (foreign[0] !== undefined) {
      throw new Error(
        `it has no store, and other files such as ${foreign[0]}; a store is made in an empty directory only`,
      );
    }
    const position = { mark: Uint8Array.from(randomBytes(MARK_BYTES)), sequence: 0 };
    const identity: Identity = {
      id: idOf(position.mark),
      state: 'creating',
      isChecked: true,
      starts: 0,
      closed: undefined,
    };
    writeIdentity(this.#directory, identity);
    clearStore(this.#directory);
    const store = await this.#withNewLog(identity, position, lmdbJournal(this.#directory));
    this.#log.info(
      { directory: this.#directory, id: identity.id },
      `made a new, empty store in ${this.#directory}`,
    );
    return store;
  }

  /** A store whose tree has everything: makes its log. */
  #withNewLog(identity: Identity, position: Position, tree: LmdbJournal): Promise<OpenStore> {
    return orClosed(
      () => tree.close(),
      async () => {
        const files = await makeLogFiles(this.#directory, position);
        return orClosed(
          () => files.close(),
          async () => {
            const log = await beginLog(files, tree, position);
            const ready: Identity = { ...identity, state: 'ready', starts: 1, closed: undefined };
            writeIdentity(this.#directory, ready);
            return { identity: ready, tree, log };
          },
        );
      },
    );
  }

  async #renew(identity: Identity, contents: Contents): Promise<OpenStore> {
    this.#requireFiles(contents, [DATA_FILE]);
    const { position } = this.#check(false);
    if (position === undefined || idOf(position.mark) !== identity.id) {
      throw new Error(`${DATA_FILE} belongs to another store; ${WAY_OUT}`);
    }
    return this.#withNewLog(identity, position, lmdbJournal(this.#directory, identity.isChecked));
  }

  async #resume(identity: Identity, contents: Contents): Promise<OpenStore> {
    this.#requireFiles(contents, [...storeFiles, LOG_END_FILE]);
    const mark = markOf(identity);
    const { end, files } = await openLogFiles(this.#directory, mark);
    return orClosed(
      () => files.close(),
      async () => {
        if (this.#mustBeChecked(identity)) {
          this.#check(false, identity.isChecked);
        }
        // A later start must not take the end of this one for an orderly one.
        const present: Identity = { ...identity, starts: identity.starts + 1, closed: undefined };
        orFull(() => writeIdentity(this.#directory, present));
        clearCopy(this.#directory);
        const tree = lmdbJournal(this.#directory, identity.isChecked);
        return orClosed(
          () => tree.close(),
          async () => ({
            identity: present,
            tree,
            log: await this.#resumed(files, tree, mark, end),
          }),
        );
      },
    );
  }

  #resumed(
    files: LogFiles,
    tree: LmdbJournal,
    mark: Uint8Array,
    end: number,
  ): Promise<WriteAheadLog> {
    const position = positionOf(tree);
    if (position === undefined || Buffer.compare(position.mark, mark) !== 0) {
      throw new Error(`${DATA_FILE} belongs to another store; ${WAY_OUT}`);
    }
    return resumeLog(files, tree, position, end);
  }

  /** A store without an identity: one of millrace 0.1, or one whose identity was removed. */
  async #adopt(contents: Contents): Promise<OpenStore> {
    const isTreeAlone =
      contents.found.has(DATA_FILE) && logNames.every((name) => !contents.found.has(name));
    if (!isTreeAlone) {
      this.#requireFiles(contents, storeFiles);
    }
    const hasHeaders = !isTreeAlone && logHeaderOf(this.#directory, logNames[0]) !== undefined;
    const { bare, facts, hadLog, position } = this.#check(!hasHeaders);
    if (!hadLog) {
      throw new MillraceError(
        'STORE_VERSION',
        `the store in ${this.#directory} has no log: open it with the version of millrace that wrote it`,
      );
    }
    this.#requireFiles(contents, storeFiles);
    if (position === undefined) {
      throw new Error(`${logNames[0]} has no header and is damaged; ${WAY_OUT}`);
    }
    const identity: Identity = {
      id: idOf(position.mark),
      state: 'ready',
      isChecked: facts.bareValues === 0,
      starts: 0,
      closed: undefined,
    };
    if (hasHeaders) {
      const store = await this.#resume(identity, contents);
      this.#log.warn(
        { id: identity.id },
        'store.json was missing; all other files agree, so it was written again',
      );
      return store;
    }
    return this.#adoptBare({ ...identity, isChecked: false }, position, bare);
  }

  /** An adoption that was interrupted. */
  #adoptFurther(identity: Identity, contents: Contents): Promise<OpenStore> {
    this.#requireFiles(contents, [DATA_FILE]);
    const { bare, position } = this.#check(true);
    if (position === undefined) {
      return this.#renew(identity, contents);
    }
    this.#requireFiles(contents, storeFiles);
    return this.#adoptBare(identity, position, bare);
  }

  /** Brings a log of millrace 0.1 to its tree, and makes a log with headers. */
  async #adoptBare(
    identity: Identity,
    position: Position,
    bare: readonly Write[],
  ): Promise<OpenStore> {
    const records = recordsBehind(position, await readBareLogFiles(this.#directory));
    writeIdentity(this.#directory, { ...identity, state: 'adopting' });
    const present = { mark: position.mark, sequence: position.sequence + records.length };
    const tree = lmdbJournal(this.#directory, false);
    return orClosed(
      () => tree.close(),
      async () => {
        const old = { key: OLD_POSITION_KEY, value: undefined };
        await apply(tree, [...bare, ...records.flatMap(({ writes }) => writes), old], present);
        const store = await this.#withNewLog(identity, present, tree);
        this.#log.info({ id: identity.id }, 'took over the store of an earlier millrace');
        return store;
      },
    );
  }

  #requireFiles(contents: Contents, names: readonly string[]): void {
    const missing = missingOf(contents, names);
    if (missing !== undefined) {
      throw new Error(`${missing} is missing, and other files of the store are there; ${WAY_OUT}`);
    }
  }

  /** A small tree is always checked. A large one is after an end out of order, and when the file was touched since. */
  #mustBeChecked({ closed, starts }: Identity): boolean {
    const { bytes, changedNs } = treeFileOf(this.#directory);
    if (bytes <= tuning.treeCheckAlwaysBytes) {
      return true;
    }
    if (closed !== undefined) {
      return closed.bytes !== bytes || closed.changedNs !== changedNs;
    }
    return bytes <= tuning.treeCheckUncleanBytes || starts > 1;
  }

  /**
   * Checks the tree before LMDB maps it. Of a tree whose values are all bare, it answers those
   * that begin as if they had a checksum.
   */
  #check(
    areBare: boolean,
    isChecked = false,
  ): {
    readonly facts: TreeFacts;
    /** Whether the tree was ever behind a log, of whatever version. */
    readonly hadLog: boolean;
    readonly position: Position | undefined;
    readonly bare: readonly Write[];
  } {
    const startedAtMs = performance.now();
    let position: Position | undefined;
    let hadLog = false;
    const bare: Write[] = [];
    const facts = checkTree(
      join(this.#directory, DATA_FILE),
      (key, stored) => {
        hadLog ||= key === OLD_POSITION_KEY || key === POSITION_KEY;
        if (key === (areBare ? OLD_POSITION_KEY : POSITION_KEY)) {
          position = decodePosition(areBare ? stored : valueOf(stored));
        } else if (areBare && isMarked(stored)) {
          bare.push({ key, value: Uint8Array.from(stored) });
        }
      },
      areBare,
    );
    if (isChecked && facts.bareValues > 0) {
      throw new Error(`${DATA_FILE} is damaged: a value has no checksum; restore a backup`);
    }
    const tookMs = Math.round(performance.now() - startedAtMs);
    if (tookMs > tuning.treeCheckSaidMs) {
      this.#log.info({ entries: facts.entries, tookMs }, `checked the store in ${tookMs} ms`);
    }
    return { facts, hadLog, position, bare };
  }
}

/**
 * Opens the store of a directory that this process has locked. A directory without any store
 * gets a new one. A store that is not whole is refused, and left as it is.
 *
 * @throws Error with the name of the file that is missing, cut, foreign or damaged
 */
export const openStore = (directory: string, log: Log): Promise<OpenStore> =>
  new Opener(directory, log).open();

/** Whether the directory still has this store: it may have been moved away, with another in its place. */
const isStillThere = (directory: string, { id, starts }: Identity): boolean => {
  const found = readIdentity(directory);
  return found?.id === id && found.starts === starts;
};

/** Notes that a store was closed in order; the next start then need not check a large tree. */
export const noteClosed = (directory: string, identity: Identity): void => {
  try {
    if (isStillThere(directory, identity)) {
      writeIdentity(directory, { ...identity, starts: 0, closed: treeFileOf(directory) });
    }
  } catch {
    // Without the note the next start checks more.
  }
};
