import { findHome } from '@millrace/client';
import { type Configuration, configure } from '../../config/configuration.ts';
import { type Setting, type SettingKey, settingEntries } from '../../config/settings.ts';
import { print, printJson } from '../terminal/output.ts';
import { renderTable } from '../terminal/table.ts';
import { example, type Verb } from './verb.ts';

interface Flags {
  readonly origin?: boolean;
  readonly json?: boolean;
  readonly config?: string;
}

interface Row {
  readonly key: string;
  readonly value: string | number | boolean | null;
  readonly origin: string;
}

const DISCOVERED: readonly SettingKey[] = ['connection.url', 'connection.authkey'];

const rowOf = (configuration: Configuration, key: SettingKey, setting: Setting): Row => {
  const found = configuration.found(key);
  if (found !== undefined) {
    return { key, value: setting.secret === true ? '(set)' : found.value, origin: found.origin };
  }
  const home = DISCOVERED.includes(key) ? findHome(process.cwd()) : undefined;
  return { key, value: null, origin: home ?? 'default' };
};

const rowsOf = (configuration: Configuration): Row[] => [
  ...settingEntries.map(([key, setting]) => rowOf(configuration, key, setting)),
  ...[...configuration.queues].flatMap(([name, options]) =>
    Object.entries(options).map(([option, value]) => ({
      key: `queues.${name}.${option}`,
      value: value ?? null,
      origin: configuration.path ?? '',
    })),
  ),
];

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
