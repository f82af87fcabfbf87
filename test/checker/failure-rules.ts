import type { EventOf, Grant, Recorded } from './history.ts';
import { earlyFence, undeservedDeath, wasGrantedAfterCancel } from './lease-rules.ts';
import { eventsOf, isConsumed, type TaskLife } from './lives.ts';
import { dealtWhilePaused } from './pause-rules.ts';
import { spuriousReRuns } from './re-runs.ts';
import { slowRecovery } from './recovery.ts';
import type { Failure, FailureClass } from './verdict.ts';

type Rule = (lives: readonly TaskLife[], history: readonly Recorded[]) => Failure[];

/** A rule that looks at each task by itself, and says what is wrong with it. */
const each =
  (failureClass: FailureClass, wrong: (life: TaskLife) => string | undefined): Rule =>
  (lives) =>
    lives.flatMap((life) => {
      const message = wrong(life);
      return message === undefined ? [] : [{ class: failureClass, task: life.task, message }];
    });

const isSame = (a: Grant, b: Grant): boolean => a.epoch === b.epoch && a.grant === b.grant;

const finished: readonly string[] = ['succeeded', 'dead', 'cancelled', 'expired'];

/** What the store says of it at the end. */
const storedOf = (life: TaskLife): EventOf<'stored'> | undefined => eventsOf(life, 'stored').at(-1);

const isOver = (history: readonly Recorded[]): boolean =>
  history.some(({ kind }) => kind === 'drained');

const lost: Rule = (lives, history) =>
  isOver(history)
    ? each('lost', (life) => {
        const isSeen =
          life.what === 'item' ? isConsumed(life) : eventsOf(life, 'visible').length > 0;
        return life.told === 'ok' && !isSeen && storedOf(life) === undefined
          ? 'it was acknowledged, nobody can see it, and the store does not have it'
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
          return 'its producer was never answered';
        }
        const isWaiting = stored !== undefined && !finished.includes(stored.state);
        return (life.told === 'ok' && !isSeen && stored !== undefined) || (isWaiting && !isSeen)
          ? `the deadline has passed, and it is still ${stored?.state}`
          : undefined;
      })(lives, history)
    : [];

/** An outcome that nobody caused. */
const uncausedOutcome = (life: TaskLife, visible: EventOf<'visible'>): string | undefined => {
  const ends = eventsOf(life, 'end');
  switch (visible.outcome) {
    case 'succeeded':
      return ends.some(({ how, value }) => how === 'succeeded' && value === visible.value)
        ? undefined
        : `result ${visible.value} was not produced by any of its runs`;
    case 'dead':
      return eventsOf(life, 'granted').length > 0 ? undefined : 'it is dead and was never granted';
    case 'cancelled':
      return eventsOf(life, 'cancel').length > 0 ? undefined : 'nobody cancelled it';
    default:
      return life.mayExpire ? undefined : 'it has no expiry';
  }
};

const phantom: Rule = each('phantom', (life) => {
  if (eventsOf(life, 'submit').length === 0) {
    return 'nobody submitted it';
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
  return different.length > 1 ? `it ended as ${different.join(' and as ')}` : undefined;
});

const resurrected: Rule = each('resurrected', (life) => {
  const failedAtMs = eventsOf(life, 'submitted').find(({ how }) => how === 'fail')?.atMs;
  if (failedAtMs === undefined || life.told === 'ok') {
    return undefined;
  }
  const isThere =
    eventsOf(life, 'visible').length + eventsOf(life, 'taken').length > 0 ||
    storedOf(life) !== undefined;
  return isThere ? 'its producer was told that it was refused, and it is there' : undefined;
});

/** The manager accepted an end under a token that is not the last one it granted. */
const staleAccepted: Rule = each('stale accepted', ({ events }) => {
  let last: Grant | undefined;
  for (const event of events) {
    if (event.kind === 'granted') {
      last = event.token;
    } else if (event.kind === 'settled' && event.answer === 'accepted') {
      if (last === undefined || !isSame(last, event.token)) {
        return `${textOf(event.token)} was accepted, the last grant was ${textOf(last)}`;
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
    ? 'its outcome was visible, and later nobody knew the task'
    : undefined;
});

const reRunAfterCancel: Rule = each('resurrected', wasGrantedAfterCancel);

/**
 * An item that the manager confirmed as removed must not be granted again. A
 * consumer that was paused may still read a grant from before.
 */
const itemReturned: Rule = each('resurrected', ({ events }) => {
  const removed = events.findIndex(({ kind }) => kind === 'removed');
  const again = events.findLastIndex(({ kind }) => kind === 'granted');
  return removed >= 0 && again > removed ? 'the item was removed, and granted again' : undefined;
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
  (lives, history) => spuriousReRuns(lives, history),
  (lives, history) => slowRecovery(lives, history),
  (lives, history) => dealtWhilePaused(lives, history),
];
