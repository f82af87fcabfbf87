import { cancelVerb } from './cancel.ts';
import { configPrintVerb } from './config-print.ts';
import { drainWorkerVerb } from './drain-worker.ts';
import { dropVerb } from './drop.ts';
import { getVerb } from './get.ts';
import { inspectVerb, resultVerb } from './inspect.ts';
import { scheduleListVerb } from './list-schedules.ts';
import { deadListVerb, taskListVerb } from './list-tasks.ts';
import { scheduleNextVerb } from './next-schedule.ts';
import { pauseVerb, resumeVerb } from './pause.ts';
import { schedulePauseVerb, scheduleResumeVerb } from './pause-schedule.ts';
import { prioritizeVerb } from './prioritize.ts';
import { purgeVerb } from './purge.ts';
import { putVerb } from './put.ts';
import { queueListVerb } from './queue-ls.ts';
import { queueShowVerb } from './queue-show.ts';
import { scheduleRemoveVerb } from './remove-schedule.ts';
import { deadRetryVerb, taskRetryVerb } from './retry.ts';
import { scheduleRunVerb } from './run-schedule.ts';
import { scheduleShowVerb } from './show-schedule.ts';
import {
  storeBackupVerb,
  storeCheckVerb,
  storeCompactVerb,
  storeRestoreVerb,
  storeStatsVerb,
} from './store.ts';
import type { Verb } from './verb.ts';
import { workerVerb } from './worker.ts';
import { workerListVerb } from './worker-ls.ts';
import { workerShowVerb } from './worker-show.ts';

/** A command that does nothing itself; its verbs are in the order in which its help lists them. */
const group =
  (name: string, description: string, verbs: readonly Verb[]): Verb =>
  (parent) => {
    const command = parent.command(name).description(description);
    for (const add of verbs) {
      add(command);
    }
  };

export const taskVerbs = group('task', 'list, show, await, cancel, reorder or retry tasks', [
  taskListVerb,
  inspectVerb,
  resultVerb,
  cancelVerb,
  prioritizeVerb,
  taskRetryVerb,
]);

export const deadVerbs = group(
  'dead',
  'list, retry or drop dead tasks: those that failed for good',
  [deadListVerb, deadRetryVerb, dropVerb],
);

export const queueVerbs = group('queue', 'list and operate queues, put and get items', [
  queueListVerb,
  queueShowVerb,
  putVerb,
  getVerb,
  pauseVerb,
  resumeVerb,
  purgeVerb,
]);

export const scheduleVerbs = group('schedule', 'list, show, run, pause or remove schedules', [
  scheduleListVerb,
  scheduleShowVerb,
  scheduleNextVerb,
  scheduleRunVerb,
  schedulePauseVerb,
  scheduleResumeVerb,
  scheduleRemoveVerb,
]);

export const storeVerbs = group('store', 'check, back up, restore and compact a store', [
  storeCheckVerb,
  storeStatsVerb,
  storeBackupVerb,
  storeRestoreVerb,
  storeCompactVerb,
]);

export const configVerbs = group('config', 'show the configuration', [configPrintVerb]);

/** `millrace worker` is a verb and a group. */
export const workerVerbs: Verb = (parent) => {
  const worker = workerVerb(parent);
  for (const add of [workerListVerb, workerShowVerb, drainWorkerVerb]) {
    add(worker);
  }
};
