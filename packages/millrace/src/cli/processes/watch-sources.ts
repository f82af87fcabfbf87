import { type FSWatcher, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';

const SOURCE = /\.[cm]?[jt]sx?$/;
const IGNORED = ['node_modules', '.millrace', '.git'];

/** The folders right below one; none when it is no folder, or gone. */
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
 * Tells which files of JavaScript and TypeScript change below a folder. Each folder
 * is watched by itself: on Linux a watch of a file ends with the first save that
 * renames another over it, and a recursive one is made of those.
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

  /** Of two folders that had the same path the later one is watched. */
  #watch(folder: string): void {
    this.#watchers.get(folder)?.close();
    const watcher = watch(folder, (_event, name) => this.#touched(folder, name));
    // The folder is gone.
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
      // What came with a folder was there before its watch.
      this.#changed(folder);
    }
  }
}
