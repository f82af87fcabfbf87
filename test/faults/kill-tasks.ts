import { defineTask } from '@millrace/protocol';

/** A lighthouse to signal to, and to wait at. */
export interface At {
  readonly path: string;
}

/** Which worker ran it. */
export interface RanBy {
  readonly worker: string;
}

export const inlineWait = defineTask<At, RanBy>('wait.inline');
export const processWait = defineTask<At, RanBy>('wait.process');
