import type { DeadGroup } from '@millrace/client';
import { present } from '../../config/present.ts';
import { type ConnectFlags, withClient } from '../asking/with-client.ts';
import { print, printJson } from '../terminal/output.ts';
import { renderTable } from '../terminal/table.ts';
import { duration } from '../terminal/units.ts';

interface Flags extends ConnectFlags {
  readonly queue?: string;
  readonly name?: string;
  readonly json?: boolean;
}

const row = (group: DeadGroup): string[] => [
  group.fingerprint,
  String(group.count),
  group.queue,
  group.name,
  `${duration(group.firstAgoMs)} ago`,
  `${duration(group.lastAgoMs)} ago`,
  group.error ?? '',
];

const render = (groups: readonly DeadGroup[]): string =>
  renderTable(
    ['GROUP', 'DEAD', 'QUEUE', 'TASK', 'FIRST', 'LAST', 'ERROR OF THE LAST'],
    groups.map(row),
    'text',
  );

/** `millrace dead ls --group`: prints a row for each group of dead tasks. */
export const showDeadGroups = (flags: Flags): Promise<void> =>
  withClient(flags, async (client) => {
    const { name, queue } = flags;
    const groups = await client.deadGroups(present({ name, queue }));
    if (flags.json === true) {
      printJson(groups);
    } else {
      print(render(groups));
    }
  });
