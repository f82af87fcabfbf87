/** The words of millrace that both ends of a connection share. */

/** The states of a task. The moves between them are in the manager's `task-machine.ts`. */
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

/** How one attempt ended; any other end counts as `failed`. */
export const attemptKinds = [
  'succeeded',
  'failed',
  'timed-out',
  'cancelled',
  'lost',
  'released',
  'snoozed',
] as const;
export type AttemptKind = (typeof attemptKinds)[number];

/** The error of a failed attempt: plain data, bounded in size. */
export interface TaskError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** `false`: no further attempt can help. */
  readonly retry: boolean;
  /** Its code, its cause and the errors in it, in MessagePack (`error-details.ts`); absent if it has none. */
  readonly details?: Uint8Array | undefined;
}

/** The right to finish one grant of a task. Tokens are compared for equality; they have no order. */
export interface Token {
  readonly taskId: string;
  /** Epoch of the manager, raised durably at each start. */
  readonly epoch: number;
  /** Number of the grant among those of the task, from 1. */
  readonly grant: number;
}

export const sameToken = (a: Token, b: Token): boolean =>
  a.grant === b.grant && a.epoch === b.epoch && a.taskId === b.taskId;

export const tokenKey = (token: Token): string => `${token.taskId}/${token.epoch}.${token.grant}`;

/** Roles of a dialler: `client` and `worker` own a session, `heartbeat` keeps a worker's session alive. */
export const roles = ['client', 'worker', 'heartbeat'] as const;
export type Role = (typeof roles)[number];

/** The task name of items. */
export const ITEM_NAME = '';
