import { defineTask } from 'millrace';
import type { FileList } from './digest.ts';
import type { Summary } from './summary.ts';

/** The only queue of this example. */
export const QUEUE = 'tree-digest';

/** Digests a list of files. */
export const digestTask = defineTask<FileList, Summary>('tree.digest', {
  queue: QUEUE,
  deadlineMs: 60_000,
});

/** Merges several summaries into one. */
export const mergeTask = defineTask<readonly Summary[], Summary>('tree.merge', {
  queue: QUEUE,
  deadlineMs: 30_000,
});
