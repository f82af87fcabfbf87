import { existsSync, type FSWatcher, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { MillraceError, messageOf } from '@millrace/protocol';
import { say } from '../terminal/output.ts';

const SOURCE = /\.[cm]?[jt]sx?$/;
const IGNORED = ['node_modules', '.millrace', '.git'];

/** The folders directly in a folder; none if it is gone or no folder. */
const foldersIn = (folder: string): string[] => {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !IGNORED.includes(entry.name))
      .map(({ name }) => join(folder, name));
  } catch {
    return [];
  }
};

/** Settings of Linux that bound the number of watches, by the error at the bound. */
const limitOf: Readonly<Record<string, string>> = {
  ENOSPC: 'fs.inotify.max_user_watches',
  EMFILE: 'fs.inotify.max_user_instances or the limit of open files',
};

/** Why a folder cannot be watched, and what to do about it. */
const reasonOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const limit = limitOf[code];
  return limit === undefined ? messageOf(error) : `${messageOf(error)}; raise ${limit}`;
};

/**
 * Reports changed JavaScript and TypeScript files below a folder. Each folder has
 * its own watch: on Linux a recursive watch consists of watches of files, and such a
 * watch ends when a save renames another file over its own.
 */
export class SourceWatcher {
  readonly #changed: (path: string) => void;
  readonly #watchers = new Map<string, FSWatcher>();
  /** Folders that cannot be watched. */
  readonly #unwatched = new Set<string>();

  /** @throws BAD_OPTION if the folder cannot be watched */
  constructor(folder: string, changed: (path: string) => void) {
    this.#changed = changed;
    try {
      this.#watch(folder);
    } catch (error) {
      throw new MillraceError(
        'BAD_OPTION',
        `${folder} cannot be watched for changes: ${reasonOf(error)}`,
        { cause: error },
      );
    }
    this.#watchBelow(folder);
  }

  close(): void {
    for (const watcher of this.#watchers.values()) {
      watcher.close();
    }
  }

  /** Watches a folder. The watch replaces that of an earlier folder with the same path. */
  #watch(folder: string): void {
    this.#watchers.get(folder)?.close();
    const watcher = watch(folder, (_event, name) => this.#touched(folder, name));
    // A watch fails when its folder is gone.
    watcher.on('error', () => watcher.close());
    this.#watchers.set(folder, watcher);
  }

  /** Watches the folders below a folder, as far as they can be watched. */
  #watchBelow(folder: string): void {
    for (const inner of foldersIn(folder)) {
      try {
        this.#watch(inner);
        this.#watchBelow(inner);
      } catch (error) {
        this.#giveUp(inner, error);
      }
    }
  }

  /** Says which folder cannot be watched, the first time only. A folder that was removed needs no watch. */
  #giveUp(folder: string, error: unknown): void {
    if (!existsSync(folder)) {
      return;
    }
    if (this.#unwatched.size === 0) {
      say(
        `a change in ${folder}, and perhaps in other folders, will not restart the worker: ${reasonOf(error)}`,
      );
    }
    this.#unwatched.add(folder);
  }

  #isNew(folder: string): boolean {
    return !this.#watchers.has(folder) && !this.#unwatched.has(folder);
  }

  #touched(folder: string, name: string | null): void {
    if (name !== null && SOURCE.test(name)) {
      this.#changed(join(folder, name));
    } else if (foldersIn(folder).some((inner) => this.#isNew(inner))) {
      this.#watchBelow(folder);
      // Files that came with the new folder are older than its watch.
      this.#changed(folder);
    }
  }
}
