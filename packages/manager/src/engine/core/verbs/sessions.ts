import { type Token, tokenKey } from '@millrace/protocol';
import type { Session } from '../session.ts';
import type { Now, State } from '../state.ts';
import { type Task, tokenOf } from '../task.ts';
import { lease, returnUncounted } from '../transitions.ts';

const connect = (state: State, sessionId: string, name: string | undefined): Session => {
  const session = state.sessionFor(sessionId);
  session.name = name ?? session.name;
  session.graceEndsAtMs = Number.POSITIVE_INFINITY;
  state.gracing.delete(session);
  return session;
};

export interface OpenRequest {
  readonly sessionId: string;
  /** Name of the peer, for the history of its tasks. */
  readonly name: string;
}

/** Begins a session, which has a connection. */
export const openSession = (state: State, { name, sessionId }: OpenRequest): void => {
  connect(state, sessionId, name);
};

/**
 * Whether this token is of a grant that a crash forgot, so that the store has the task ready
 * and without that grant. Then the token is of the previous epoch, its grant number is one
 * more than the task's, and no batch has concerned the task since the start. A task that
 * arrived in the present epoch is another one, which was given a forgotten id. A task whose
 * input or priority was changed in the present epoch is granted anew: the forgotten grant knew neither.
 */
const isForgottenGrant = (state: State, task: Task, token: Token): boolean =>
  task.state === 'ready' &&
  task.lastBatch === 0 &&
  task.extras?.changedIn !== state.epoch &&
  task.arrival.epoch < state.epoch &&
  token.epoch === state.epoch - 1 &&
  token.grant === task.grants + 1;

const takeUp = (state: State, session: Session, token: Token, now: Now): boolean => {
  const task = state.find(token.taskId);
  if (task === undefined) {
    return false;
  }
  const held = task.lease;
  if (held?.holder === session && held.epoch === token.epoch && held.grant === token.grant) {
    return true;
  }
  if (!isForgottenGrant(state, task, token)) {
    return false;
  }
  lease(state, task, session, token.epoch, token.grant, false, now);
  return true;
};

export interface ResumeRequest {
  readonly sessionId: string;
  /** As in `OpenRequest`; without it the session keeps the name that it has. */
  readonly name?: string;
  /** Every token that the peer still holds. */
  readonly tokens: readonly Token[];
}

/**
 * Takes a session up again. Presented leases go on. Those that are not presented never
 * reached the peer, and return uncounted. Answers the tokens that are no longer held.
 */
export const resume = (
  state: State,
  { name, sessionId, tokens }: ResumeRequest,
  now: Now,
): readonly Token[] => {
  const session = connect(state, sessionId, name);
  const lost = tokens.filter((token) => !takeUp(state, session, token, now));
  const presented = new Set(tokens.map(tokenKey));
  for (const held of session.leases.entries()) {
    const { task } = held;
    const token = tokenOf(held);
    // An older token of the same task says nothing of the grant that came after it.
    if (!presented.has(tokenKey(token))) {
      returnUncounted(state, task, now);
    } else if (task.cancelRequested) {
      state.batch.aborts.push({ sessionId, token, reason: 'cancelled' });
    }
  }
  return lost;
};

export interface DisconnectRequest {
  readonly sessionId: string;
  readonly graceMs: number;
}

/** The connection is gone. After the grace the session's leases count as losses. */
export const disconnect = (
  state: State,
  { graceMs, sessionId }: DisconnectRequest,
  now: Now,
): void => {
  const session = state.sessions.get(sessionId);
  if (session !== undefined) {
    session.graceEndsAtMs = now.monotonicMs + graceMs;
    state.gracing.add(session);
  }
};

/** The peer said goodbye: its leases return uncounted, at once. */
export const endSession = (state: State, sessionId: string, now: Now): void => {
  const session = state.sessions.get(sessionId);
  if (session === undefined) {
    return;
  }
  state.forgetSession(session);
  for (const { task } of session.leases.entries()) {
    returnUncounted(state, task, now);
  }
};
