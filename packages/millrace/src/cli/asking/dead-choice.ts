import type { Client, TaskFilter, TaskHandle } from '@millrace/client';
import { MillraceError } from '@millrace/protocol';
import type { Command } from 'commander';
import { present } from '../../config/present.ts';
import { print } from '../terminal/output.ts';
import { type ConnectFlags, connectOptions, withClient } from './with-client.ts';

interface Flags extends ConnectFlags {
  readonly queue?: string;
  readonly name?: string;
  readonly all?: boolean;
}

export interface DeadAction {
  readonly one: (task: TaskHandle) => Promise<unknown>;
  readonly all: (client: Client, filter: TaskFilter) => Promise<number>;
}

/** The argument and options that choose dead tasks: ids, or a filter. */
export const deadOptions = (command: Command): Command =>
  connectOptions(command.argument('[ids...]', 'ids of the tasks'))
    .option('--queue <name>', 'all dead tasks of this queue')
    .option('--name <task>', 'all dead tasks of this name')
    .option('--all', 'all dead tasks');

/** @throws BAD_OPTION unless there are either ids or a filter: no filter never means all */
const checkChoice = (ids: readonly string[], { all, name, queue }: Flags): void => {
  const isChoice = all === true || name !== undefined || queue !== undefined;
  if (isChoice === ids.length > 0) {
    throw new MillraceError(
      'BAD_OPTION',
      'choose the tasks: give ids, or else --queue, --name or --all',
    );
  }
};

/** Acts on the chosen tasks, and prints their number. */
export const actOnDead =
  (action: DeadAction) =>
  async (ids: readonly string[], flags: Flags): Promise<void> => {
    checkChoice(ids, flags);
    await withClient(flags, async (client) => {
      const { name, queue } = flags;
      if (ids.length === 0) {
        return print(String(await action.all(client, present({ name, queue }))));
      }
      for (const id of ids) {
        await action.one(client.task(id));
      }
      return print(String(ids.length));
    });
  };
