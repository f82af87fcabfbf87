import { handler } from 'millrace';
import { digestFiles } from './digest.ts';
import { noteRun } from './run-journal.ts';
import { mergeSummaries } from './summary.ts';
import { digestTask, mergeTask } from './tasks.ts';

export default [
  handler(
    digestTask,
    (list, { taskId }) => {
      noteRun(taskId);
      return digestFiles(list);
    },
    { runner: 'process' },
  ),
  handler(
    mergeTask,
    (parts, { taskId }) => {
      noteRun(taskId);
      return mergeSummaries(parts);
    },
    { runner: 'process' },
  ),
];
