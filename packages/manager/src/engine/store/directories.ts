import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
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

/** Makes a directory and the missing ones above it, and flushes their entries. */
export const makeDirectory = (directory: string): void => {
  const path = resolve(directory);
  const topmost = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (topmost === undefined) {
    return;
  }
  const end = dirname(topmost);
  for (let made = path; made !== end; made = dirname(made)) {
    flushDirectory(dirname(made));
  }
};
