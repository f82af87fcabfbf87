import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Flushes the entries of a directory. */
export const flushDirectory = (directory: string): void => {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};

const makeOne = (path: string): void => {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have made the directory meanwhile.
    if (!existsSync(path)) {
      throw error;
    }
  }
};

/**
 * Makes a directory and the missing ones above it, and flushes their entries. One call of Node
 * could do that, but says ENOENT when the file system is read-only.
 */
export const makeDirectory = (directory: string): void => {
  const missing: string[] = [];
  for (let path = resolve(directory); !existsSync(path); path = dirname(path)) {
    missing.push(path);
  }
  for (const path of missing.toReversed()) {
    makeOne(path);
    flushDirectory(dirname(path));
  }
};
