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

/** How dead tasks are chosen: by their ids, or all that fit. */
export const deadOptions = (command: Command): Command =>
  connectOptions(command.argument('[ids...]', 'ids of the tasks'))
    .option('--queue <name>', 'all of this queue')
    .option('--name <task>', 'all of this name')
    .option('--all', 'all there are');

/** @throws BAD_OPTION unless it was said which, so that nobody means all by accident */
const checkChoice = (ids: readonly string[], { all, name, queue }: Flags): void => {
  const isChoice = all === true || name !== undefined || queue !== undefined;
  if (isChoice === ids.length > 0) {
    throw new MillraceError('BAD_OPTION', 'say which: ids, or --queue, --name or --all');
  }
};

/** Acts on the chosen ones and prints how many there were. */
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
