import { appendFileSync, readFileSync } from 'node:fs';
import type { Token } from '@millrace/protocol';
import { momentUs } from '../support/moment.ts';

/** A record of a party of a campaign. */
export type Happening =
  // Recorded by the handler.
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
  // Recorded by the worker, from the messages of its connection.
  | { readonly kind: 'granted'; readonly token: Token }
  | { readonly kind: 'reported'; readonly token: Token; readonly result: string }
  | { readonly kind: 'answered'; readonly token: Token; readonly answer: string }
  | { readonly kind: 'resuming'; readonly tokens: readonly Token[] }
  | { readonly kind: 'session'; readonly epoch: number; readonly lost: readonly Token[] }
  | { readonly kind: 'down' };

export type Recorded = Happening & {
  /** The time on the clock that all processes of the machine share. */
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

/** Appends one whole line to the history of this worker, synchronously. */
export const record = (happening: Happening): void => {
  const recorded = { ...happening, atUs: momentUs(), worker: variable(WORKER_VARIABLE) };
  appendFileSync(variable(HISTORY_VARIABLE), `${JSON.stringify(recorded)}\n`);
};

/** The history that a worker and its processes wrote, sorted by time. */
export const readHistory = (path: string): Recorded[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Recorded)
    .toSorted((a, b) => a.atUs - b.atUs);
