/** The words of millrace that both ends of the wire share. */

/** Where a task is in its life. The table of moves is the manager's task machine. */
export const taskStates = [
  'scheduled',
  'ready',
  'leased',
  'succeeded',
  'dead',
  'cancelled',
  'expired',
] as const;
export type TaskState = (typeof taskStates)[number];

/** How a task ended. Once seen, an outcome never changes. */
export const outcomes = ['succeeded', 'dead', 'cancelled', 'expired'] as const;
export type Outcome = (typeof outcomes)[number];

/** How one run ended. Closed: whatever is not listed counts as failed. */
export const attemptKinds = [
  'succeeded',
  'failed',
  'timed-out',
  'cancelled',
  'lost',
  'released',
] as const;
export type AttemptKind = (typeof attemptKinds)[number];

/** What a failed run says about its error: plain data, bounded in size. */
export interface TaskError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** `false`: no further attempt can help. */
  readonly retry: boolean;
}

/**
 * The right to finish one grant of a task. Two tokens are the same or they are
 * not; there is no order between them.
 */
export interface Token {
  readonly taskId: string;
  /** Raised durably at each start of a manager. */
  readonly epoch: number;
  /** The n-th time this task was handed out. */
  readonly grant: number;
}

export const sameToken = (a: Token, b: Token): boolean =>
  a.grant === b.grant && a.epoch === b.epoch && a.taskId === b.taskId;

export const tokenKey = (token: Token): string => `${token.taskId}/${token.epoch}.${token.grant}`;

/** Who dials: `client` and `worker` own a session, `heartbeat` keeps a worker's alive. */
export const roles = ['client', 'worker', 'heartbeat'] as const;
export type Role = (typeof roles)[number];

/** The name under which items (made by `put`) wait in their queue. */
export const ITEM_NAME = '';
