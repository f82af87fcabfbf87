import {
  backUpStore,
  checkStore,
  compactStore,
  inspectStore,
  restoreStore,
  type StoreCheck,
  type StoreReport,
} from '@millrace/manager';
import { MillraceError } from '@millrace/protocol';
import type { Command } from 'commander';
import { configure } from '../../config/configuration.ts';
import { absolutePath } from '../../config/working-directory.ts';
import { dataDirOf } from '../processes/home.ts';
import { print, printJson, renderPairs, say } from '../terminal/output.ts';
import { plainText } from '../terminal/plain-text.ts';
import { bytes } from '../terminal/units.ts';
import { example, type Verb } from './verb.ts';

interface Flags {
  readonly data?: string;
  readonly config?: string;
}

const directoryOf = (flags: Flags): string =>
  absolutePath(dataDirOf(configure({ 'manager.dataDir': flags.data }, flags.config)));

const storeOptions = (command: Command): Command =>
  command
    .option('--data <dir>', 'directory of the store (default: .millrace/store)')
    .option('--config <file>', 'configuration file (default: millrace.toml)');

/** A sentence that says in which way a store is not whole; undefined for a whole store. */
const verdictOf = (directory: string, { damage, findings }: StoreCheck): string | undefined => {
  if (damage.length > 0) {
    return `the store in ${directory} is damaged, so its records were not compared; restore a backup`;
  }
  return findings.length > 0
    ? `the store in ${directory} contradicts itself; restore a backup`
    : undefined;
};

/** Prints each damage or contradiction on a line of its own. */
const check = async (flags: Flags): Promise<void> => {
  const directory = directoryOf(flags);
  const seen = await checkStore(directory);
  for (const sentence of [...seen.damage, ...seen.findings]) {
    print(plainText(sentence));
  }
  const verdict = verdictOf(directory, seen);
  if (seen.running) {
    say(
      'a manager has the store open: data.mdb was checked as it is now; changes that only the log has were not checked',
    );
  }
  if (verdict !== undefined) {
    throw new MillraceError('STORE_FAILED', verdict);
  }
  print(`${seen.rows} rows are whole`);
};

const pairsOf = (report: StoreReport): [string, string | number][] => [
  ['store', report.id],
  ['manager', report.running ? 'running' : 'stopped'],
  ['layout', report.layout ?? '-'],
  ['size', bytes(report.treeBytes)],
  ['free inside', bytes(report.freeBytes)],
  ['checksums', report.checksums ? 'all values' : 'some values; millrace store compact adds them'],
  ['rows', report.entries],
  ...Object.entries(report.rows).map(([table, count]): [string, number] => [`  ${table}`, count]),
];

const stats = async (flags: Flags & { readonly json?: boolean }): Promise<void> => {
  const report = await inspectStore(directoryOf(flags));
  if (flags.json === true) {
    printJson(report);
  } else {
    print(renderPairs(pairsOf(report)));
  }
};

const backup = async (target: string, flags: Flags): Promise<void> => {
  const directory = directoryOf(flags);
  const written = await backUpStore(directory, absolutePath(target));
  print(`${bytes(written)} in ${plainText(absolutePath(target))}`);
};

const restore = async (from: string, flags: Flags): Promise<void> => {
  const directory = directoryOf(flags);
  const written = await restoreStore(absolutePath(from), directory);
  print(`${bytes(written)} in ${plainText(directory)}`);
};

const compact = async (flags: Flags): Promise<void> => {
  const { afterBytes, beforeBytes } = await compactStore(directoryOf(flags));
  print(`${bytes(beforeBytes)} before, ${bytes(afterBytes)} now`);
};

export const storeCheckVerb: Verb = (parent) => {
  storeOptions(
    parent.command('check').description('read all of a store or backup, and report damage'),
  )
    .addHelpText('after', example('millrace store check --data /var/lib/millrace'))
    .addHelpText('after', '\nExit codes: 0 whole, 4 damaged')
    .action(check);
};

export const storeStatsVerb: Verb = (parent) => {
  storeOptions(parent.command('stats').description('show the size and the contents of a store'))
    .option('--json', 'print them as JSON')
    .addHelpText('after', example('millrace store stats --json'))
    .action(stats);
};

export const storeBackupVerb: Verb = (parent) => {
  storeOptions(
    parent
      .command('backup')
      .description('copy a store, while its manager runs or not')
      .argument('<dir>', 'an empty or new directory'),
  )
    .addHelpText('after', example('millrace store backup /backups/monday'))
    .action(backup);
};

export const storeRestoreVerb: Verb = (parent) => {
  storeOptions(
    parent
      .command('restore')
      .description('make a store from a backup, in an empty directory')
      .argument('<backup>', 'directory of the backup'),
  )
    .addHelpText(
      'after',
      example('millrace store restore /backups/monday --data /var/lib/millrace'),
    )
    .action(restore);
};

export const storeCompactVerb: Verb = (parent) => {
  storeOptions(
    parent
      .command('compact')
      .description('give the free space of a stopped store back to the disk'),
  )
    .addHelpText('after', example('millrace store compact'))
    .action(compact);
};
