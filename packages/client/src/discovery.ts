import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { MillraceError, managerUrl, messageOf, secretBytes } from '@millrace/protocol';

/** The directory in which a manager leaves its URL and key, readable only by its owner. */
export const HOME_DIRECTORY = '.millrace';
export const URL_FILE = 'url';
export const KEY_FILE = 'authkey';

export interface ConnectionChoice {
  readonly url?: string;
  readonly authkey?: string | Uint8Array;
}

export interface FoundConnection {
  readonly url: string;
  readonly secret: Uint8Array;
}

/** The nearest `.millrace/` upward from a directory. */
export const findHome = (from: string): string | undefined => {
  for (let directory = resolve(from); ; directory = dirname(directory)) {
    const home = join(directory, HOME_DIRECTORY);
    if (existsSync(home)) {
      return home;
    }
    if (dirname(directory) === directory) {
      return undefined;
    }
  }
};

const isAbsence = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** The trimmed text of a file; undefined if it does not exist, and an error if it cannot be read. */
const readLine = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (isAbsence(error)) {
      return undefined;
    }
    throw new MillraceError(
      'CONFIG_NOT_FOUND',
      `${path} cannot be read: ${messageOf(error)}; run as the user of the manager that wrote it, or set MILLRACE_URL and MILLRACE_AUTHKEY`,
      { cause: error },
    );
  }
};

/** The working directory; undefined if it was removed. */
const workingDirectory = (): string | undefined => {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
};

/** A variable of the environment without white space at its ends; an empty one counts as unset. */
const variable = (name: string): string | undefined => {
  const value = process.env[name]?.trim();
  return value === '' ? undefined : value;
};

const readHome = (file: string): string | undefined => {
  const directory = workingDirectory();
  const home = directory === undefined ? undefined : findHome(directory);
  return home === undefined ? undefined : readLine(join(home, file));
};

const findUrl = (choice: ConnectionChoice): string => {
  const url = choice.url ?? variable('MILLRACE_URL') ?? readHome(URL_FILE);
  if (url === undefined || url === '') {
    throw new MillraceError(
      'CONFIG_NOT_FOUND',
      `no URL of a manager: start one here (millrace manager), pass url or --url, set MILLRACE_URL, or run in the folder where a manager left ${HOME_DIRECTORY}/`,
    );
  }
  return managerUrl(url);
};

const keyFromFile = (path: string | undefined): string | undefined => {
  if (path === undefined) {
    return undefined;
  }
  const key = readLine(path);
  if (key === undefined) {
    throw new MillraceError(
      'CONFIG_NOT_FOUND',
      `MILLRACE_AUTHKEY_FILE names ${path}, which does not exist`,
    );
  }
  return key;
};

const findKey = (choice: ConnectionChoice): string | Uint8Array => {
  const key =
    choice.authkey ??
    variable('MILLRACE_AUTHKEY') ??
    keyFromFile(variable('MILLRACE_AUTHKEY_FILE')) ??
    readHome(KEY_FILE);
  if (key === undefined || key.length === 0) {
    throw new MillraceError(
      'CONFIG_NOT_FOUND',
      `no key: start a manager here (millrace manager), pass authkey, set MILLRACE_AUTHKEY or MILLRACE_AUTHKEY_FILE, or run in the folder where a manager left ${HOME_DIRECTORY}/`,
    );
  }
  return key;
};

/**
 * Finds the URL and the key of a manager: each from its option, then the environment,
 * then the nearest `.millrace/` upward.
 *
 * @throws CONFIG_NOT_FOUND naming the places searched; BAD_OPTION for a URL that is no `ws://` or `wss://`
 */
export const findConnection = (choice: ConnectionChoice = {}): FoundConnection => {
  const key = findKey(choice);
  return { url: findUrl(choice), secret: secretBytes(key) };
};
