import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { MillraceError, messageOf, type ScheduleSpec, suggestion } from '@millrace/protocol';
import { parse } from 'smol-toml';
import { withoutMark } from './byte-order-mark.ts';
import { type QueueSettings, readQueueSettings } from './queue-settings.ts';
import { readTyped } from './read-value.ts';
import { readSchedule } from './schedule-settings.ts';
import {
  type Setting,
  type SettingKey,
  type SettingValue,
  settingEntries,
  settings,
} from './settings.ts';

export const CONFIG_FILE = 'millrace.toml';
const QUEUES = 'queues';
const SCHEDULES = 'schedules';

export interface ConfigFile {
  /** Path of the file; undefined if there is none. */
  readonly path?: string;
  readonly values: ReadonlyMap<SettingKey, SettingValue>;
  readonly queues: ReadonlyMap<string, QueueSettings>;
  readonly schedules: ReadonlyMap<string, ScheduleSpec>;
}

const sharedEntries = settingEntries.filter(([, setting]) => setting.secret !== true);
const keyOf = new Map<string, SettingKey>(sharedEntries.map(([key]) => [key, key]));
const tables = [
  ...new Set([...keyOf.keys()].map((key) => key.split('.')[0] ?? '')),
  QUEUES,
  SCHEDULES,
];

const keysOf = (table: string): string[] =>
  [...keyOf.keys()]
    .filter((key) => key.startsWith(`${table}.`))
    .map((key) => key.slice(table.length + 1));

const refuse = (message: string): never => {
  throw new MillraceError('BAD_OPTION', message);
};

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const tableOf = (value: unknown, where: string): Record<string, unknown> =>
  isTable(value) ? value : refuse(`${where} must be a table: write [${where.split(': ')[1]}]`);

/** @param isNamed a FIFO is read only if it was named, as a shell does for `<(…)` */
const parseFile = (path: string, isNamed: boolean): Record<string, unknown> => {
  try {
    // `bigint` for a FIFO, as in `environment.ts`.
    if (!isNamed && !statSync(path, { bigint: true }).isFile()) {
      throw new Error('it is not a file');
    }
    return parse(withoutMark(readFileSync(path, 'utf8')));
  } catch (error) {
    return refuse(`cannot read ${path}: ${messageOf(error).split('\n')[0]}`);
  }
};

/** A relative path in the file starts at the folder of the file. */
const fromFile = (path: string, setting: Setting, value: SettingValue): SettingValue =>
  setting.kind === 'text' && setting.isPath === true && !isAbsolute(String(value))
    ? join(dirname(path), String(value))
    : value;

const readTable = (path: string, table: string, value: unknown): [SettingKey, SettingValue][] =>
  Object.entries(tableOf(value, `${path}: ${table}`)).map(([name, held]) => {
    const key = keyOf.get(`${table}.${name}`);
    return key === undefined
      ? refuse(`${path}: [${table}] has no key '${name}'${suggestion(name, keysOf(table))}`)
      : [key, fromFile(path, settings[key], readTyped(settings[key], held, `${path}: ${key}`))];
  });

/** Reads the tables `[KIND.NAME]` of one kind. */
const readNamed = <T>(
  path: string,
  kind: string,
  named: unknown,
  read: (name: string, table: Readonly<Record<string, unknown>>, where: string) => T,
): ReadonlyMap<string, T> =>
  new Map(
    Object.entries(tableOf(named, `${path}: ${kind}`)).map(([name, value]) => {
      const where = `${path}: ${kind}.${name}`;
      return [name, read(name, tableOf(value, where), where)] as const;
    }),
  );

/**
 * Reads the configuration file: a table for each kind of setting, `[queues.NAME]` for each
 * queue, and `[schedules.NAME]` for each schedule.
 *
 * @param named path of the file; undefined for `millrace.toml`, which may be missing
 * @throws BAD_OPTION with the file and the key
 */
export const readConfigFile = (named: string | undefined): ConfigFile => {
  if (named === undefined && !existsSync(CONFIG_FILE)) {
    return { values: new Map(), queues: new Map(), schedules: new Map() };
  }
  const path = named ?? CONFIG_FILE;
  const {
    [QUEUES]: queues = {},
    [SCHEDULES]: schedules = {},
    ...rest
  } = parseFile(path, named !== undefined);
  const values = Object.entries(rest).flatMap(([table, value]) =>
    tables.includes(table)
      ? readTable(path, table, value)
      : refuse(`${path} has no table '${table}'${suggestion(table, tables)}`),
  );
  return {
    path,
    values: new Map(values),
    queues: readNamed(path, QUEUES, queues, (_name, table, where) =>
      readQueueSettings(table, where),
    ),
    schedules: readNamed(path, SCHEDULES, schedules, readSchedule),
  };
};
