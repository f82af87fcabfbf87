import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HOME_DIRECTORY, KEY_FILE, URL_FILE } from '@millrace/client';

const OWNER_ONLY = 0o600;
const KEY_BYTES = 32;

/** The `.millrace/` of a directory, made if needed. It ignores itself in git. */
export const openHome = (directory: string): string => {
  const home = join(directory, HOME_DIRECTORY);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const ignore = join(home, '.gitignore');
  if (!existsSync(ignore)) {
    writeFileSync(ignore, '*\n');
  }
  return home;
};

/** The key of this home: the one it has, or a new random one. */
export const keyOfHome = (home: string): string => {
  const path = join(home, KEY_FILE);
  if (!existsSync(path)) {
    const key = randomBytes(KEY_BYTES).toString('base64url');
    writeFileSync(path, `${key}\n`, { mode: OWNER_ONLY });
  }
  return readFileSync(path, 'utf8').trim();
};

/** Leaves the manager's URL where clients and workers below this directory find it. */
export const writeUrl = (home: string, url: string): void => {
  writeFileSync(join(home, URL_FILE), `${url}\n`, { mode: OWNER_ONLY });
};
