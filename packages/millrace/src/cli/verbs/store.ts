import { resolve } from 'node:path';
import {
  backUpStore,
  compactStore,
  inspectStore,
  restoreStore,
  type StoreReport,
} from '@millrace/manager';
import type { Command } from 'commander';
import { configure } from '../../config/configuration.ts';
import { dataDirOf } from '../processes/home.ts';
import { exitCodes } from '../terminal/exit.ts';
import { print, printJson, renderPairs, say } from '../terminal/output.ts';
import { plainText } from '../terminal/plain-text.ts';
import { bytes } from '../terminal/units.ts';
import { example, type Verb } from './verb.ts';

interface Flags {
  readonly data?: string;
  readonly config?: string;
}

const directoryOf = (flags: Flags): string =>
  resolve(dataDirOf(configure({ 'manager.dataDir': flags.data }, flags.config)));

const storeOptions = (command: Command): Command =>
  command
    .option('--data <dir>', 'directory of the store (default: .millrace/store)')
    .option('--config <file>', 'configuration file (default: millrace.toml)');

/** Damage of a file is thrown; contradicting records are findings, one on a line. */
const check = async (flags: Flags): Promise<void> => {
  const directory = directoryOf(flags);
  const { entries, findings, running } = await inspectStore(directory);
  for (const finding of findings) {
    print(plainText(finding));
  }
  if (findings.length > 0) {
    process.exitCode = exitCodes.storeFailed;
    say(`the store in ${directory} contradicts itself; restore a backup`);
  } else {
    print(`${entries} rows are whole`);
  }
  if (running) {
    say('a manager has the store open, so the free pages of data.mdb were not checked');
  }
};

const pairsOf = (report: StoreReport): [string, string | number][] => [
  ['store', report.id],
  ['manager', report.running ? 'running' : 'stopped'],
  ['layout', report.layout ?? '-'],
  ['size', bytes(report.treeBytes)],
  ['free inside', report.freeBytes === null ? 'unknown while running' : bytes(report.freeBytes)],
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
  const written = await backUpStore(directory, resolve(target));
  print(`${bytes(written)} in ${plainText(resolve(target))}`);
};

const restore = async (from: string, flags: Flags): Promise<void> => {
  const directory = directoryOf(flags);
  const written = await restoreStore(resolve(from), directory);
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
      .description('make a store of a backup, in an empty directory')
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
