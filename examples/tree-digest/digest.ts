import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Summary } from './summary.ts';
import { WordCounter } from './words.ts';

/** The payload of one digest task. */
export interface FileList {
  readonly root: string;
  /** Relative to the root, sorted. */
  readonly paths: readonly string[];
  readonly vocabulary: readonly string[];
}

const UNREAD_DIGEST = Buffer.alloc(32);

const contentsOf = async (path: string): Promise<Buffer | undefined> => {
  try {
    return await readFile(path);
  } catch {
    return undefined;
  }
};

/** Reads the files of the list one after the other, and makes one summary of them. */
export const digestFiles = async ({ root, paths, vocabulary }: FileList): Promise<Summary> => {
  const counter = new WordCounter(vocabulary);
  const digest = createHash('sha256');
  let files = 0;
  let bytes = 0;
  for (const path of paths) {
    const contents = await contentsOf(join(root, path));
    if (contents === undefined) {
      digest.update(UNREAD_DIGEST);
      continue;
    }
    files += 1;
    bytes += contents.length;
    counter.add(contents);
    digest.update(createHash('sha256').update(contents).digest());
  }
  const { counts, lines, words } = counter;
  const unread = paths.length - files;
  return { files, unread, bytes, lines, words, counts, sha256: digest.digest('hex') };
};
