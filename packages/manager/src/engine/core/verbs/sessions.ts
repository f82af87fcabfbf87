import { type Token, tokenKey } from '@millrace/protocol';
import type { Session } from '../session.ts';
import type { Now, State } from '../state.ts';
import type { Task } from '../task.ts';
import { tokenOf } from '../task.ts';
import { lease } from '../transitions.ts';
import { loseAttempt, returnUncounted } from './settle.ts';

/** A session has a connection. */
export const openSession = (state: State, sessionId: string): Session => {
  const session = state.sessionFor(sessionId);
  session.graceEndsAtMs = Number.POSITIVE_INFINITY;
  state.gracing.delete(session);
  return session;
};

/**
 * A grant whose write a crash forgot: the store has the task ready with the
 * grant before. Its holder may take it up only from the previous epoch, with
 * exactly the next grant number, while nobody else was granted it since. A task
 * of the present epoch that was given a forgotten id was not.
 */
const isForgottenGrant = (state: State, task: Task, token: Token): boolean =>
  task.state === 'ready' &&
  task.lastBatch === 0 &&
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
  lease(state, task, session, token.epoch, token.grant, now);
  return true;
};

/**
 * Takes up a session: what it presents stays leased, what it does not present
 * never reached it and returns uncounted. Answers the tokens it no longer holds.
 */
export const resume = (
  state: State,
  sessionId: string,
  tokens: readonly Token[],
  now: Now,
): Token[] => {
  const session = openSession(state, sessionId);
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

/** The connection is gone; the session waits for another until its grace ends. */
export const disconnect = (state: State, sessionId: string, graceMs: number, now: Now): void => {
  const session = state.sessions.get(sessionId);
  if (session !== undefined) {
    session.graceEndsAtMs = now.monotonicMs + graceMs;
    state.gracing.add(session);
  }
};

const forget = (state: State, session: Session): void => {
  state.sessions.delete(session.id);
  state.gracing.delete(session);
};

/** The peer said goodbye. */
export const endSession = (state: State, sessionId: string, now: Now): void => {
  const session = state.sessions.get(sessionId);
  if (session === undefined) {
    return;
  }
  forget(state, session);
  for (const { task } of session.leases.entries()) {
    returnUncounted(state, task, now);
  }
};

/** Ends the sessions whose grace is over. */
export const expireSessions = (state: State, now: Now): void => {
  for (const session of state.gracing) {
    if (session.graceEndsAtMs <= now.monotonicMs) {
      forget(state, session);
      for (const { task } of session.leases.entries()) {
        loseAttempt(state, task, now);
      }
    }
  }
};
