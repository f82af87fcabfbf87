import type { Client, ListedTask, ListOptions } from '@millrace/client';
import { print, printJson, say } from '../terminal/output.ts';
import { renderTable } from '../terminal/table.ts';
import { duration } from '../terminal/units.ts';

const LIMIT = 100;

/** As many as were asked for, however short the pages are. */
const collect = async (
  client: Client,
  options: ListOptions,
  limit: number,
): Promise<ListedTask[]> => {
  const found: ListedTask[] = [];
  for await (const task of client.tasks({ ...options, limit: Math.min(limit, LIMIT) })) {
    found.push(task);
    if (found.length >= limit) {
      break;
    }
  }
  return found;
};

const row = (task: ListedTask): string[] => [
  task.id,
  task.queue,
  task.name === '' ? '(item)' : task.name,
  task.state,
  duration(task.ageMs),
  String(task.failures),
  task.error?.split('\n')[0] ?? '',
];

const render = (tasks: readonly ListedTask[]): string =>
  renderTable(['ID', 'QUEUE', 'TASK', 'STATE', 'AGE', 'FAILED', 'ERROR'], tasks.map(row), 'text');

/** Prints the tasks that fit, as a table or as JSON. */
export const printTasks = async (
  client: Client,
  options: ListOptions,
  { json, limit }: { readonly json?: boolean; readonly limit?: number },
): Promise<void> => {
  // Whoever gives a limit wants no more; others are told that there is more.
  const found = await collect(client, options, limit ?? LIMIT + 1);
  const tasks = found.slice(0, limit ?? LIMIT);
  if (json === true) {
    printJson(tasks);
  } else {
    print(render(tasks));
  }
  if (found.length > tasks.length) {
    say(`these are the first ${tasks.length}; there are more: --limit says how many are shown`);
  }
};
