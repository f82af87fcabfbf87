import { randomBytes } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { resolve as absolute, join } from 'node:path';
import { connect, HOME_DIRECTORY, KEY_FILE, URL_FILE } from '@millrace/client';
import { codeOf, MillraceError, messageOf } from '@millrace/protocol';
import type { Configuration } from '../../config/configuration.ts';
import { workingDirectory } from '../../config/working-directory.ts';
import { tuning } from '../../tuning.ts';

const OWNER_ONLY = 0o600;
const KEY_BYTES = 32;

/** The path of `.millrace/` in a directory; makes it if needed, with a `.gitignore` for all of it. */
export const openHome = (directory: string): string => {
  const home = join(directory, HOME_DIRECTORY);
  try {
    mkdirSync(home, { mode: 0o700 });
  } catch (error) {
    if (!existsSync(home)) {
      throw error;
    }
  }
  const ignore = join(home, '.gitignore');
  if (!existsSync(ignore)) {
    writeFileSync(ignore, '*\n');
  }
  return home;
};

/** Writes a file so that no reader sees a part of it; keeps the file that is there if `keeps`. */
const writeWhole = (path: string, text: string, keeps: boolean): void => {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text, { mode: OWNER_ONLY });
  if (!keeps) {
    renameSync(draft, path);
    return;
  }
  try {
    linkSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
};

const makeKey = (path: string): void => {
  const key = randomBytes(KEY_BYTES).toString('base64url');
  try {
    writeWhole(path, `${key}\n`, true);
  } catch (error) {
    // Another process has made the key in the meantime.
    if (!existsSync(path)) {
      throw error;
    }
  }
};

const keyAt = (path: string): string => {
  if (!existsSync(path)) {
    makeKey(path);
  }
  const key = readFileSync(path, 'utf8').trim();
  if (key === '') {
    throw new Error(`${path} is empty`);
  }
  return key;
};

/**
 * The key in `.millrace/` of a directory; a random key is made if there is none.
 *
 * @throws CONFIG_NOT_FOUND if the key can be neither read nor made
 */
export const keyOfHome = (directory: string): string => {
  try {
    return keyAt(join(openHome(directory), KEY_FILE));
  } catch (error) {
    throw new MillraceError(
      'CONFIG_NOT_FOUND',
      `no key is configured, and none can be kept in ${absolute(directory, HOME_DIRECTORY)}: ${messageOf(error)}; set MILLRACE_AUTHKEY or MILLRACE_AUTHKEY_FILE`,
    );
  }
};

/** Whether a manager answers at a URL: it takes the key, or refuses it, or is too busy to answer soon. */
const isServed = (url: string, authkey: string): Promise<boolean> => {
  const asked = connect({ url, authkey }).then(
    (client) => client.close().then(() => true),
    (error: unknown) => codeOf(error) === 'AUTH_FAILED',
  );
  const late = new Promise<boolean>((resolve) => {
    setTimeout(resolve, tuning.servedPatienceMs, true);
  });
  return Promise.race([asked, late]);
};

/** The URL in `.millrace/` of a directory, if a manager still serves there. */
export const servedUrl = async (
  directory: string,
  authkey: string,
): Promise<string | undefined> => {
  const path = join(directory, HOME_DIRECTORY, URL_FILE);
  const url = existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
  return url !== '' && (await isServed(url, authkey)) ? url : undefined;
};

/** Writes the manager's URL into `.millrace/`, for clients and workers below the directory. */
export const writeUrl = (directory: string, url: string): void => {
  writeWhole(join(openHome(directory), URL_FILE), `${url}\n`, false);
};

/** The directory of the store: as configured, or in `.millrace/` of the working directory. */
export const dataDirOf = (configuration: Configuration): string =>
  configuration.get('manager.dataDir') ?? join(workingDirectory(), HOME_DIRECTORY, 'store');
