import { type FSWatcher, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';

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

/**
 * Reports changed JavaScript and TypeScript files below a folder. Each folder has
 * its own watch: on Linux a recursive watch consists of watches of files, and such a
 * watch ends when a save renames another file over its own.
 */
export class SourceWatcher {
  readonly #changed: (path: string) => void;
  readonly #watchers = new Map<string, FSWatcher>();

  constructor(folder: string, changed: (path: string) => void) {
    this.#changed = changed;
    this.#watch(folder);
  }

  close(): void {
    for (const watcher of this.#watchers.values()) {
      watcher.close();
    }
  }

  /** Watches a folder and those below it, also a folder that replaces another of the same path. */
  #watch(folder: string): void {
    this.#watchers.get(folder)?.close();
    const watcher = watch(folder, (_event, name) => this.#touched(folder, name));
    // A watch fails when its folder is gone.
    watcher.on('error', () => watcher.close());
    this.#watchers.set(folder, watcher);
    for (const inner of foldersIn(folder)) {
      this.#watch(inner);
    }
  }

  #touched(folder: string, name: string | null): void {
    if (name !== null && SOURCE.test(name)) {
      this.#changed(join(folder, name));
    } else if (foldersIn(folder).some((inner) => !this.#watchers.has(inner))) {
      this.#watch(folder);
      // Files that came with the new folder are older than its watch.
      this.#changed(folder);
    }
  }
}
