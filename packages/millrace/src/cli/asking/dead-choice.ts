import type { BulkOptions, Client, TaskFilter, TaskHandle } from '@millrace/client';
import { MillraceError } from '@millrace/protocol';
import type { Command } from 'commander';
import { present } from '../../config/present.ts';
import { print } from '../terminal/output.ts';
import { ratePerSecond } from './parse.ts';
import { type ConnectFlags, connectOptions, withClient } from './with-client.ts';

export interface DeadFlags extends ConnectFlags {
  readonly queue?: string;
  readonly name?: string;
  readonly all?: boolean;
  readonly group?: string;
  readonly rate?: number;
  readonly dryRun?: boolean;
}

export interface DeadAction {
  readonly one: (task: TaskHandle) => Promise<unknown>;
  readonly all: (client: Client, filter: TaskFilter, options: BulkOptions) => Promise<number>;
}

/** The argument and options that choose dead tasks: ids, or a filter. */
export const deadOptions = (command: Command): Command =>
  connectOptions(command.argument('[ids...]', 'ids of the tasks'))
    .option('--queue <name>', 'all dead tasks of this queue')
    .option('--name <task>', 'all dead tasks of this name')
    .option(
      '--group <fingerprint>',
      "all dead tasks of this group; 'millrace dead ls --group' lists the groups",
    )
    .option('--all', 'all dead tasks')
    .option('--rate <n>', 'most tasks in a second, such as 50/s', ratePerSecond)
    .option('--dry-run', 'only print the number of tasks');

/** @throws BAD_OPTION unless there are either ids or a filter: no filter never means all */
const checkChoice = (ids: readonly string[], { all, group, name, queue }: DeadFlags): void => {
  const isChoice = all === true || [group, name, queue].some((value) => value !== undefined);
  if (isChoice === ids.length > 0) {
    throw new MillraceError(
      'BAD_OPTION',
      'choose the tasks: give ids, or else --queue, --name, --group or --all',
    );
  }
};

/** Acts on the chosen tasks, and prints their number. */
export const actOnDead =
  (action: DeadAction) =>
  async (ids: readonly string[], flags: DeadFlags): Promise<void> => {
    checkChoice(ids, flags);
    await withClient(flags, async (client) => {
      const { dryRun, group, name, queue, rate } = flags;
      if (ids.length === 0) {
        const filter = present({ name, queue, fingerprint: group });
        const options = present({ maxPerSecond: rate, isDryRun: dryRun });
        return print(String(await action.all(client, filter, options)));
      }
      for (const id of dryRun === true ? [] : ids) {
        await action.one(client.task(id));
      }
      return print(String(ids.length));
    });
  };
