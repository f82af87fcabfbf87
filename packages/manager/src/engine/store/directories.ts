import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Brings to disk which entries a directory has. */
export const flushDirectory = (directory: string): void => {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};

/** Makes a directory, and those above it, where they are missing; on disk when it returns. */
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
