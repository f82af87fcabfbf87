import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { findHome, HOME_DIRECTORY, KEY_FILE, URL_FILE } from '@millrace/client';
import { limits, managerUrl } from '@millrace/protocol';
import { type Configuration, configure } from '../../config/configuration.ts';
import {
  type Setting,
  type SettingKey,
  type SettingValue,
  settingEntries,
} from '../../config/settings.ts';
import { print, printJson } from '../terminal/output.ts';
import { renderTable } from '../terminal/table.ts';
import { example, type Verb } from './verb.ts';

const SECRET = '(set)';
const DEFAULT = 'default';

interface Flags {
  readonly origin?: boolean;
  readonly json?: boolean;
  readonly config?: string;
}

interface Row {
  readonly key: string;
  /** `null` if the setting has neither a value nor a default. */
  readonly value: SettingValue | null;
  readonly origin: string;
}

/** A file of the nearest `.millrace/`, which holds the URL or the key if none is set. */
const discovered = (file: string): { readonly text: string; readonly path: string } | undefined => {
  try {
    const home = findHome(process.cwd());
    const path = join(home ?? '', file);
    return home === undefined ? undefined : { text: readFileSync(path, 'utf8').trim(), path };
  } catch {
    // Neither a missing file nor a removed working directory stops the listing.
    return undefined;
  }
};

/** Values in force where none is set and the default is no constant. */
const otherwise = (configuration: Configuration): Partial<Record<SettingKey, Omit<Row, 'key'>>> => {
  const url = discovered(URL_FILE);
  const authkey = discovered(KEY_FILE);
  const port = configuration.read('manager.port');
  return {
    ...(url === undefined ? {} : { 'connection.url': { value: url.text, origin: url.path } }),
    ...(authkey === undefined || configuration.found('connection.authkeyFile') !== undefined
      ? {}
      : { 'connection.authkey': { value: SECRET, origin: authkey.path } }),
    'manager.dataDir': { value: join(HOME_DIRECTORY, 'store'), origin: DEFAULT },
    'http.port': { value: port === 0 ? 0 : port + 1, origin: DEFAULT },
    'worker.name': { value: `${hostname()}:PID`, origin: DEFAULT },
  };
};

const rowOf = (
  configuration: Configuration,
  key: SettingKey,
  setting: Setting,
  unset: Omit<Row, 'key'>,
): Row => {
  const found = configuration.found(key);
  return found === undefined
    ? { key, ...unset }
    : {
        key,
        value: setting.secret === true ? SECRET : shown(key, found.value),
        origin: found.origin,
      };
};

/** The URL with the port that is used; a URL that cannot be used is shown as it is. */
const shown = (key: SettingKey, value: SettingValue): SettingValue => {
  if (key !== 'connection.url') {
    return value;
  }
  try {
    return managerUrl(String(value));
  } catch {
    return value;
  }
};

const queueDefaults = {
  maxItems: limits.queueMaxItems,
  maxBytes: limits.queueMaxBytes,
  order: 'fifo',
} as const;

const queueRows = ({ path = '', queues }: Configuration): Row[] =>
  [...queues].flatMap(([name, options]) =>
    Object.entries({ ...queueDefaults, ...options }).map(([option, value]) => ({
      key: `queues.${name}.${option}`,
      value,
      origin: Object.hasOwn(options, option) ? path : DEFAULT,
    })),
  );

const scheduleRows = ({ path = '', schedules }: Configuration): Row[] =>
  [...schedules].flatMap(([name, { cron, everyMs, missed, queue, task, timeZone }]) =>
    Object.entries({ task, queue, cron, timeZone, everyMs, missed })
      .filter(([, value]) => value !== undefined)
      .map(([option, value]) => ({
        key: `schedules.${name}.${option}`,
        value: value ?? null,
        origin: path,
      })),
  );

const rowsOf = (configuration: Configuration): Row[] => {
  const unset = otherwise(configuration);
  return [
    ...settingEntries.map(([key, setting]) =>
      rowOf(configuration, key, setting, unset[key] ?? { value: null, origin: 'not set' }),
    ),
    ...queueRows(configuration),
    ...scheduleRows(configuration),
  ];
};

const cells = ({ key, origin, value }: Row, withOrigin: boolean): string[] => [
  key,
  value === null ? '-' : String(value),
  ...(withOrigin ? [origin] : []),
];

/** `millrace config print`: prints every setting, and with `--origin` its source. */
const run = (flags: Flags): void => {
  const rows = rowsOf(configure({}, flags.config));
  const withOrigin = flags.origin === true;
  if (flags.json === true) {
    printJson(rows);
  } else {
    const head = ['SETTING', 'VALUE', ...(withOrigin ? ['ORIGIN'] : [])];
    print(
      renderTable(
        head,
        rows.map((row) => cells(row, withOrigin)),
        'text',
      ),
    );
  }
};

export const configPrintVerb: Verb = (parent) => {
  parent
    .command('print')
    .description('print every setting with its value; secrets are not shown')
    .option('--origin', 'show the source of each value')
    .option('--json', 'print them as JSON, with origins')
    .option('--config <file>', 'configuration file (default: millrace.toml)')
    .addHelpText('after', example('millrace config print --origin'))
    .action(run);
};
