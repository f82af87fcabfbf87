import { defineTask } from '@millrace/protocol';

/** The queue of the campaign in which managers are killed. */
export const CAMPAIGN_QUEUE = 'campaign';

/** The result of an execution, with a nonce that distinguishes it from other executions. */
export interface Made {
  readonly taskId: string;
  readonly nonce: string;
}

export interface Work {
  readonly forMs: number;
}

export const inlineWork = defineTask<Work, Made>('work.inline', { queue: CAMPAIGN_QUEUE });
export const processWork = defineTask<Work, Made>('work.process', { queue: CAMPAIGN_QUEUE });
