import { lstat, readdir, readFile, realpath } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { vocabularyOf } from './words.ts';

/** Folders that are left out: version control, and data of managers in the tree. */
const leftOut = new Set(['.git', '.millrace']);

const VOCABULARY_SIZE = 1_000;
const SAMPLE_EVERY = 16;
const SAMPLE_MAX_BYTES = 256 * 1024;

/** A file at the time of the snapshot. */
export interface ListedFile {
  /** Relative to the root. */
  readonly path: string;
  readonly bytes: number;
  readonly changedMs: number;
}

/** A list of files, taken before any of them is digested. */
export interface Snapshot {
  readonly root: string;
  readonly files: readonly ListedFile[];
  /** The words to count; `counts` of every summary has the same order. */
  readonly vocabulary: readonly string[];
}

const unlessGone = async <T>(pending: Promise<T>): Promise<T | undefined> => {
  try {
    return await pending;
  } catch {
    return undefined;
  }
};

/** The files below a directory. Links are not followed, so that no file comes twice. */
async function* walk(directory: string): AsyncGenerator<string> {
  const entries = await unlessGone(readdir(directory, { withFileTypes: true }));
  for (const entry of entries ?? []) {
    const path = join(directory, entry.name);
    if (entry.isDirectory() && !leftOut.has(entry.name)) {
      yield* walk(path);
    } else if (entry.isFile()) {
      yield path;
    }
  }
}

const listFile = async (root: string, path: string): Promise<ListedFile> => {
  const found = await unlessGone(lstat(path));
  return {
    path: relative(root, path),
    bytes: found?.size ?? 0,
    changedMs: found?.mtimeMs ?? 0,
  };
};

const listFiles = async (root: string): Promise<ListedFile[]> => {
  const files: ListedFile[] = [];
  for await (const path of walk(root)) {
    files.push(await listFile(root, path));
  }
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
};

/** Source maps are left out: they have many letters, but few words. */
const isReadable = (path: string): boolean => !path.endsWith('.map');

const readSample = async (root: string, files: readonly ListedFile[]): Promise<Buffer[]> => {
  const suitable = files.filter(({ path, bytes }) => isReadable(path) && bytes <= SAMPLE_MAX_BYTES);
  const sample = suitable.filter((_, index) => index % SAMPLE_EVERY === 0);
  const contents = await Promise.all(
    sample.map(({ path }) => unlessGone(readFile(join(root, path)))),
  );
  return contents.filter((bytes) => bytes !== undefined);
};

/** Lists the regular files below `directory`, sorted by path, and chooses the words to count. */
export const takeSnapshot = async (directory: string): Promise<Snapshot> => {
  const root = await realpath(directory);
  const files = await listFiles(root);
  const vocabulary = vocabularyOf(await readSample(root, files), VOCABULARY_SIZE);
  return { root, files, vocabulary };
};

/** Paths of files that changed since the snapshot. */
export const changedSince = async ({ root, files }: Snapshot): Promise<string[]> => {
  const now = await Promise.all(files.map(({ path }) => listFile(root, join(root, path))));
  return files
    .filter(({ bytes, changedMs }, index) => {
      const file = now[index];
      return file?.bytes !== bytes || file.changedMs !== changedMs;
    })
    .map(({ path }) => path);
};
