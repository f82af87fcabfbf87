import { defineTask } from '@millrace/protocol';

/** The lighthouse at which a handler waits. */
export interface At {
  readonly path: string;
}

/** The name of the worker that ran the task. */
export interface RanBy {
  readonly worker: string;
}

export const inlineWait = defineTask<At, RanBy>('wait.inline');
export const processWait = defineTask<At, RanBy>('wait.process');
