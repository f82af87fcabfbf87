import { type EventOf, type Grant, isSameGrant, type Recorded } from './history.ts';
import { doneTwice, joinedNothing, staleInput } from './key-rules.ts';
import {
  earlyFence,
  poisonedNeighbours,
  undeservedDeath,
  wasGrantedAfterCancel,
} from './lease-rules.ts';
import { eventsOf, isConsumed, type TaskLife } from './lives.ts';
import { dealtWhilePaused } from './pause-rules.ts';
import { spuriousReRuns } from './re-runs.ts';
import { slowRecovery } from './recovery.ts';
import { endedEarly, silentTooLong } from './silence-rules.ts';
import type { Failure, FailureClass } from './verdict.ts';
import { wrongVersion } from './version-rules.ts';
import { grantedEarly } from './wait-rules.ts';

type Rule = (lives: readonly TaskLife[], history: readonly Recorded[]) => Failure[];

/** A rule that judges each task by itself; `wrong` returns the message of a failure. */
const each =
  (failureClass: FailureClass, wrong: (life: TaskLife) => string | undefined): Rule =>
  (lives) =>
    lives.flatMap((life) => {
      const message = wrong(life);
      return message === undefined ? [] : [{ class: failureClass, task: life.task, message }];
    });

const finished: readonly string[] = ['succeeded', 'dead', 'cancelled', 'expired'];

/** The task's last state in the store, as it was read at the end. */
const storedOf = (life: TaskLife): EventOf<'stored'> | undefined => eventsOf(life, 'stored').at(-1);

const isOver = (history: readonly Recorded[]): boolean =>
  history.some(({ kind }) => kind === 'drained');

const lost: Rule = (lives, history) =>
  isOver(history)
    ? each('lost', (life) => {
        const isSeen =
          life.what === 'item' ? isConsumed(life) : eventsOf(life, 'visible').length > 0;
        const isMade = life.told === 'ok' && life.joined === undefined;
        return isMade && !isSeen && storedOf(life) === undefined
          ? 'the task was acknowledged, but no reader saw it and the store lacks it'
          : undefined;
      })(lives, history)
    : [];

const stuck: Rule = (lives, history) =>
  isOver(history)
    ? each('stuck', (life) => {
        const isSeen =
          life.what === 'item' ? isConsumed(life) : eventsOf(life, 'visible').length > 0;
        const stored = storedOf(life);
        if (life.told === 'unanswered') {
          return 'the producer was never answered';
        }
        const isWaiting = stored !== undefined && !finished.includes(stored.state);
        return (life.told === 'ok' && !isSeen && stored !== undefined) || (isWaiting && !isSeen)
          ? `the task is still ${stored?.state} at the end`
          : undefined;
      })(lives, history)
    : [];

/** The message of a failure if nothing in the history caused an outcome. */
const uncausedOutcome = (life: TaskLife, visible: EventOf<'visible'>): string | undefined => {
  const ends = eventsOf(life, 'end');
  switch (visible.outcome) {
    case 'succeeded':
      return ends.some(({ how, value }) => how === 'succeeded' && value === visible.value)
        ? undefined
        : `no run of the task produced the result ${visible.value}`;
    case 'dead':
      return eventsOf(life, 'granted').length > 0
        ? undefined
        : 'the task is dead and was never granted';
    case 'cancelled':
      return eventsOf(life, 'cancel').length > 0
        ? undefined
        : 'the task is cancelled, but nobody cancelled it';
    default:
      return life.mayExpire ? undefined : 'the task is expired, but has no expiry';
  }
};

const phantom: Rule = each('phantom', (life) => {
  if (eventsOf(life, 'submit').length === 0) {
    return 'nobody submitted the task';
  }
  for (const visible of eventsOf(life, 'visible')) {
    const wrong = uncausedOutcome(life, visible);
    if (wrong !== undefined) {
      return wrong;
    }
  }
  return undefined;
});

const duplicate: Rule = each('duplicate', (life) => {
  const seen = [
    ...eventsOf(life, 'visible').map(({ outcome, value }) => `${outcome} ${value ?? ''}`),
    ...eventsOf(life, 'stored')
      .filter(({ state }) => finished.includes(state) && life.what !== 'item')
      .map(({ state, value }) => `${state} ${value ?? ''}`),
  ];
  const different = [...new Set(seen)];
  return different.length > 1 ? `the task ended as ${different.join(' and as ')}` : undefined;
});

const resurrected: Rule = each('resurrected', (life) => {
  const failedAtMs = eventsOf(life, 'submitted').find(({ how }) => how === 'fail')?.atMs;
  if (failedAtMs === undefined || life.told === 'ok') {
    return undefined;
  }
  const isThere =
    eventsOf(life, 'visible').length + eventsOf(life, 'taken').length > 0 ||
    storedOf(life) !== undefined;
  return isThere ? 'the producer was told that the task is refused, but it exists' : undefined;
});

/** The manager accepted a report under a fenced token, or under a token that is not the last granted one. */
const staleAccepted: Rule = each('stale accepted', ({ events }) => {
  let last: Grant | undefined;
  for (const event of events) {
    if (event.kind === 'granted') {
      last = event.token;
    } else if (event.kind === 'fenced') {
      last = undefined;
    } else if (event.kind === 'settled' && event.answer === 'accepted') {
      if (last === undefined || !isSameGrant(last, event.token)) {
        return `a report under ${textOf(event.token)} was accepted, but the valid grant was ${textOf(last)}`;
      }
    }
  }
  return undefined;
});

const textOf = (token: Grant | undefined): string =>
  token === undefined ? 'none' : `${token.epoch}.${token.grant}`;

const tokenReturned: Rule = each('token returned', (life) => {
  const tokens = eventsOf(life, 'granted').map(({ token }) => textOf(token));
  return tokens.length > new Set(tokens).size
    ? `a token was granted twice: ${tokens.join(', ')}`
    : undefined;
});

const vanished: Rule = each('vanished', ({ events, what }) => {
  if (what === 'item') {
    return undefined;
  }
  const seen = events.findIndex(({ kind }) => kind === 'visible');
  const missed = events.findLastIndex(({ kind }) => kind === 'unknown');
  return seen >= 0 && missed > seen
    ? 'the outcome was visible, and later the manager did not know the task'
    : undefined;
});

const reRunAfterCancel: Rule = each('resurrected', wasGrantedAfterCancel);

/**
 * The manager must not grant an item again after it confirmed the removal. A paused
 * consumer may still read an earlier grant.
 */
const itemReturned: Rule = each('resurrected', ({ events }) => {
  const removed = events.findIndex(({ kind }) => kind === 'removed');
  const again = events.findLastIndex(({ kind }) => kind === 'granted');
  return removed >= 0 && again > removed
    ? 'the item was removed, and later granted again'
    : undefined;
});

export const failureRules: readonly Rule[] = [
  lost,
  stuck,
  phantom,
  duplicate,
  resurrected,
  itemReturned,
  staleAccepted,
  tokenReturned,
  vanished,
  reRunAfterCancel,
  each('early fence', earlyFence),
  each('undeserved death', undeservedDeath),
  poisonedNeighbours,
  spuriousReRuns,
  slowRecovery,
  dealtWhilePaused,
  endedEarly,
  silentTooLong,
  doneTwice,
  joinedNothing,
  staleInput,
  wrongVersion,
  grantedEarly,
];
