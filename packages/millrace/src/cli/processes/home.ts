import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { HOME_DIRECTORY, KEY_FILE, URL_FILE } from '@millrace/client';
import { MillraceError, messageOf } from '@millrace/protocol';
import type { Configuration } from '../../config/configuration.ts';

const OWNER_ONLY = 0o600;
const KEY_BYTES = 32;

/** The path of `.millrace/` in a directory; makes it if needed, with a `.gitignore` for all of it. */
export const openHome = (directory: string): string => {
  const home = join(directory, HOME_DIRECTORY);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const ignore = join(home, '.gitignore');
  if (!existsSync(ignore)) {
    writeFileSync(ignore, '*\n');
  }
  return home;
};

/**
 * The key in `.millrace/` of a directory; a random key is made if there is none.
 *
 * @throws CONFIG_NOT_FOUND if the key can be neither read nor made
 */
export const keyOfHome = (directory: string): string => {
  try {
    const path = join(openHome(directory), KEY_FILE);
    if (!existsSync(path)) {
      const key = randomBytes(KEY_BYTES).toString('base64url');
      writeFileSync(path, `${key}\n`, { mode: OWNER_ONLY });
    }
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new MillraceError(
      'CONFIG_NOT_FOUND',
      `no key is configured, and none can be kept in ${resolve(directory, HOME_DIRECTORY)}: ${messageOf(error)}; set MILLRACE_AUTHKEY or MILLRACE_AUTHKEY_FILE`,
    );
  }
};

/** Writes the manager's URL into `.millrace/`, for clients and workers below the directory. */
export const writeUrl = (directory: string, url: string): void => {
  writeFileSync(join(openHome(directory), URL_FILE), `${url}\n`, { mode: OWNER_ONLY });
};

/** The directory of the store: as configured, or in `.millrace/` of the working directory. */
export const dataDirOf = (configuration: Configuration): string =>
  configuration.get('manager.dataDir') ?? join(process.cwd(), HOME_DIRECTORY, 'store');
