import { appendFileSync, readFileSync } from 'node:fs';
import type { Token } from '@millrace/protocol';
import { momentUs } from '../support/moment.ts';

/** What the parties of a campaign record, each line at its moment. */
export type Happening =
  // by the handler
  | {
      readonly kind: 'started';
      readonly taskId: string;
      readonly attempt: number;
      readonly pid: number;
    }
  | {
      readonly kind: 'ended';
      readonly taskId: string;
      readonly pid: number;
      readonly nonce: string;
    }
  // by the worker, of what passes its connection
  | { readonly kind: 'granted'; readonly token: Token }
  | { readonly kind: 'reported'; readonly token: Token; readonly result: string }
  | { readonly kind: 'answered'; readonly token: Token; readonly answer: string }
  | { readonly kind: 'resuming'; readonly tokens: readonly Token[] }
  | { readonly kind: 'session'; readonly epoch: number; readonly lost: readonly Token[] }
  | { readonly kind: 'down' };

export type Recorded = Happening & {
  /** On the clock that all processes of the machine share. */
  readonly atUs: number;
  /** The worker in which it happened. */
  readonly worker: string;
};

export const HISTORY_VARIABLE = 'CAMPAIGN_HISTORY';
export const WORKER_VARIABLE = 'CAMPAIGN_WORKER';

const variable = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) {
    throw new Error(`${name} is not set`);
  }
  return value;
};

/** Appends one line to the history of this worker: whole, and before anything that follows. */
export const record = (happening: Happening): void => {
  const recorded = { ...happening, atUs: momentUs(), worker: variable(WORKER_VARIABLE) };
  appendFileSync(variable(HISTORY_VARIABLE), `${JSON.stringify(recorded)}\n`);
};

/** The history that a worker and its processes wrote, in the order of its moments. */
export const readHistory = (path: string): Recorded[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Recorded)
    .toSorted((a, b) => a.atUs - b.atUs);
