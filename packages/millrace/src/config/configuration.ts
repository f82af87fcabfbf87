import { readFileSync } from 'node:fs';
import { MillraceError, messageOf, type ScheduleSpec } from '@millrace/protocol';
import { type ConfigFile, readConfigFile } from './config-file.ts';
import {
  CONFIG_VARIABLE,
  ENV_FILE,
  readEnvFile,
  readEnvironment,
  type Variables,
} from './environment.ts';
import { notice } from './notice.ts';
import type { QueueSettings } from './queue-settings.ts';
import { readText, readTyped } from './read-value.ts';
import { isServiceAddress } from './service-links.ts';
import {
  type Setting,
  type SettingKey,
  type SettingValue,
  settings,
  type ValueOf,
} from './settings.ts';

/** A value and its source. */
export interface Found {
  readonly value: SettingValue;
  readonly origin: string;
  /** Rank of the source; the lowest rank wins. */
  readonly rank: number;
}

export type Options = { readonly [K in SettingKey]?: ValueOf<K> | undefined };

interface Sources {
  readonly options: Options;
  readonly environment: Variables;
  readonly envFile: Variables;
  readonly file: ConfigFile;
}

/** Skips the address of a service where a port is meant, and says so. */
const isSkipped = (setting: Setting, text: string, origin: string): boolean => {
  const skips = setting.kind === 'whole' && isServiceAddress(text);
  if (skips) {
    notice(
      `${origin} is skipped: ${JSON.stringify(text)} describes a service of Kubernetes or Docker, not a port; 'enableServiceLinks: false' in the Pod avoids it`,
    );
  }
  return skips;
};

const find = (key: SettingKey, setting: Setting, sources: Sources): Found | undefined => {
  const { environment, envFile, file, options } = sources;
  const option = options[key];
  if (option !== undefined) {
    return {
      value: readTyped(setting, option, `the option for ${key}`),
      origin: 'option',
      rank: 0,
    };
  }
  for (const [rank, variables, place] of [
    [1, environment, 'environment'],
    [2, envFile, ENV_FILE],
  ] as const) {
    const text = variables[setting.env];
    const origin = `${place} ${setting.env}`;
    if (text !== undefined && !isSkipped(setting, text, origin)) {
      return { value: readText(setting, text, origin), origin, rank };
    }
  }
  const held = file.values.get(key);
  if (held !== undefined) {
    return { value: held, origin: file.path ?? '', rank: 3 };
  }
  return setting.fallback === undefined
    ? undefined
    : { value: setting.fallback, origin: 'default', rank: 4 };
};

/** White space at the ends of a key is none of it, because a file usually ends in a newline. */
const checkKey = (text: string, where: string): string => {
  const key = text.trim();
  if (key === '') {
    throw new MillraceError('CONFIG_NOT_FOUND', `the key in ${where} is empty`);
  }
  return key;
};

const keyIn = (path: string): string => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new MillraceError(
      'CONFIG_NOT_FOUND',
      `cannot read the key in ${path}: ${messageOf(error)}`,
    );
  }
  return checkKey(text, path);
};

/**
 * All settings. The first source with a value wins: option, environment, `.env`, file,
 * default. A value of the environment is read when a command asks for its setting, so
 * that a wrong one stops only the commands that use it.
 */
export class Configuration {
  readonly #sources: Sources;
  readonly queues: ReadonlyMap<string, QueueSettings>;
  readonly schedules: ReadonlyMap<string, ScheduleSpec>;
  readonly path: string | undefined;

  constructor(sources: Sources) {
    this.#sources = sources;
    this.queues = sources.file.queues;
    this.schedules = sources.file.schedules;
    this.path = sources.file.path;
  }

  get<K extends SettingKey>(key: K): ValueOf<K> | undefined {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- readText and readTyped return a value of the setting's kind
    return this.found(key)?.value as ValueOf<K> | undefined;
  }

  /** The value of a setting that has a default. @throws BAD_OPTION */
  read<K extends SettingKey>(key: K): ValueOf<K> {
    const value = this.get(key);
    if (value === undefined) {
      throw new MillraceError('BAD_OPTION', `${key} is not set: ${settings[key].help}`);
    }
    return value;
  }

  found(key: SettingKey): Found | undefined {
    return find(key, settings[key], this.#sources);
  }

  /**
   * The configured key, or the contents of its file; if both are set, the lower rank wins.
   *
   * @throws CONFIG_NOT_FOUND if the key cannot be read or is empty
   */
  authkey(): string | undefined {
    const key = this.found('connection.authkey');
    const file = this.found('connection.authkeyFile');
    if (file !== undefined && (key === undefined || file.rank < key.rank)) {
      return keyIn(String(file.value));
    }
    return key === undefined ? undefined : checkKey(String(key.value), key.origin);
  }
}

/**
 * Reads every source of settings.
 *
 * @param configFile path given by an option; before MILLRACE_CONFIG and `millrace.toml`
 * @throws BAD_OPTION with the source and the setting
 */
export const configure = (options: Options = {}, configFile?: string): Configuration => {
  const environment = readEnvironment(process.env);
  const envFile = readEnvFile();
  if (configFile === '') {
    throw new MillraceError(
      'BAD_OPTION',
      '--config: the path of a file is needed, not an empty text',
    );
  }
  const named = configFile ?? environment[CONFIG_VARIABLE] ?? envFile[CONFIG_VARIABLE];
  return new Configuration({ options, environment, envFile, file: readConfigFile(named) });
};
