import type { Now, State } from '../state.ts';

/** The right that a peer needs for a verb. */
export type Right = 'session' | 'produce' | 'consume' | 'read' | 'operate' | 'admin';

/**
 * How the answer of a verb waits for the disk.
 *
 * - `durable`: until everything that it changed or reflects is flushed; the flush is hurried.
 * - `unawaited`: as `durable`, but the flush may wait some milliseconds for changes to share it.
 * - `read`: until everything that it reflects is flushed.
 * - `claim`: not at all. Only durable tasks are granted, and the grants join the next batch.
 * - `memory`: not at all. The answer says what memory holds.
 * - `clock`: as `memory`, and the next tick may come earlier.
 */
export type Wait = 'durable' | 'unawaited' | 'read' | 'claim' | 'memory' | 'clock';

/** An operation of the core: a right, a wait, and what it does. */
export interface Verb<Request, Answer, W extends Wait> {
  readonly right: Right;
  readonly wait: W;
  readonly run: (state: State, request: Request, now: Now) => Answer;
}

export const verb = <Request, Answer, const W extends Wait>(
  right: Right,
  wait: W,
  run: (state: State, request: Request, now: Now) => Answer,
): Verb<Request, Answer, W> => ({ right, wait, run });
