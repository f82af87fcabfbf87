import { decodeHeldKey } from '../rows/held-key-record.ts';
import { rangeOf } from '../rows/keys.ts';
import type { State } from '../state.ts';
import type { Task } from '../task.ts';
import { rowsOfKeys } from '../task-keys.ts';
import { isFinished } from '../task-machine.ts';

const ALL = Number.MAX_SAFE_INTEGER;

/** Checks that each key without a time belongs to an unfinished task, and that tasks hold their keys. */
export const auditKeys = (state: State, tasks: ReadonlyMap<string, Task>): string[] => {
  const breaches: string[] = [];
  const holders = new Map<string, string>();
  for (const { key, value } of state.journal.range(...rangeOf('heldKey'), ALL)) {
    const { expiresAtMs, taskId } = decodeHeldKey(value);
    if (expiresAtMs === undefined) {
      holders.set(key, taskId);
    }
  }
  for (const [row, taskId] of holders) {
    const task = tasks.get(taskId);
    if (task === undefined || isFinished(task.state) || !rowsOfKeys(task).includes(row)) {
      breaches.push(
        `a row says that task ${taskId} holds a key, but the task has ended or has no such key`,
      );
    }
  }
  for (const task of tasks.values()) {
    // A later task may have taken the key under which this one was debounced.
    const wasGranted = task.grants > 0 || task.state === 'leased';
    const mustHold = !wasGranted || task.extras?.debounceKey === undefined;
    const isHeld = rowsOfKeys(task).every((row) => holders.get(row) === task.id);
    if (!isFinished(task.state) && mustHold && !isHeld) {
      breaches.push(`task ${task.id} does not hold its key`);
    }
  }
  return breaches;
};
