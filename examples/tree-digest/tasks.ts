import { defineTask } from 'millrace';
import type { FileList } from './digest.ts';
import type { Summary } from './summary.ts';

/** The one queue of this example. */
export const QUEUE = 'tree-digest';

/** Reads a list of files and sums them up. */
export const digestTask = defineTask<FileList, Summary>('tree.digest', {
  queue: QUEUE,
  deadlineMs: 60_000,
});

/** Makes one summary of several. */
export const mergeTask = defineTask<readonly Summary[], Summary>('tree.merge', {
  queue: QUEUE,
  deadlineMs: 30_000,
});
