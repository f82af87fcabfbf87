import { describe, expect, test } from 'vitest';
import { type VerbName, verbs } from '../messages/message-table.ts';
import { codeOf, messageOf } from '../words/errors.ts';
import { type ConversationState, conversationMoves, nextState } from './conversation.ts';

const isVerb = (name: string): name is VerbName => Object.hasOwn(verbs, name);
const isState = (name: string): name is ConversationState => Object.hasOwn(conversationMoves, name);
const allVerbs = Object.keys(verbs).filter(isVerb);
const allStates = Object.keys(conversationMoves).filter(isState);

const handshake = ['hello', 'challenge', 'proof', 'welcome'];
const opening = ['open', 'resume', 'attach', 'session'];
const living = ['ping', 'pong', 'part', 'partAck'];
const ending = ['goodbye', 'goodbyeAck'];
const work = allVerbs.filter(
  (name) => ![...handshake, ...opening, ...living, ...ending, 'error'].includes(name),
);

/** The verbs allowed in each state, written out by hand to check the table. */
const legal: Record<ConversationState, readonly string[]> = {
  connected: ['hello', 'error'],
  greeted: ['challenge', 'error'],
  challenged: ['proof', 'error'],
  proved: ['welcome', 'error'],
  authenticated: ['open', 'resume', 'attach', 'error', ...living],
  opening: ['session', 'error', ...living],
  open: ['goodbye', 'error', ...living, ...work],
  leaving: ['goodbye', 'goodbyeAck', 'error', ...living, ...work],
  closed: ['error'],
};

const pairs = allStates.flatMap((state) => allVerbs.map((verb) => [state, verb] as const));

test('the way of every conversation leads from connected to closed', () => {
  const way: VerbName[] = [
    'hello',
    'challenge',
    'proof',
    'welcome',
    'open',
    'session',
    'goodbye',
    'goodbyeAck',
  ];
  let state: ConversationState = 'connected';
  const passed = way.map((verb) => (state = nextState(state, verb)));
  expect(passed).toEqual([
    'greeted',
    'challenged',
    'proved',
    'authenticated',
    'opening',
    'open',
    'leaving',
    'closed',
  ]);
});

describe('every pair of a state and a verb', () => {
  test.each(pairs.filter(([state, verb]) => legal[state].includes(verb)))(
    'moves or stays by the table: [%s -> %s]',
    (state, verb) => {
      const moves: Readonly<Record<string, string>> = conversationMoves[state];
      expect(nextState(state, verb)).toBe(moves[verb] ?? state);
    },
  );

  test('throws by its name, when it is not legal', () => {
    const illegal = pairs.filter(([state, verb]) => !legal[state].includes(verb));
    for (const [state, verb] of illegal) {
      const refusal = ((): unknown => {
        try {
          return nextState(state, verb);
        } catch (error) {
          return error;
        }
      })();
      expect(codeOf(refusal)).toBe('UNEXPECTED_MESSAGE');
      expect(messageOf(refusal)).toBe(`invalid move [${state} -> ${verb}]`);
    }
    expect(illegal.length).toBeGreaterThan(200);
  });
});
