import type { VerbName } from '../messages/message-table.ts';
import { MillraceError } from '../words/errors.ts';

/**
 * The states of the conversation between two peers. Each end follows it by every message
 * that it sends or receives.
 */
export const conversationMoves = {
  connected: { hello: 'greeted' },
  greeted: { challenge: 'challenged' },
  challenged: { proof: 'proved' },
  proved: { welcome: 'authenticated' },
  authenticated: { open: 'opening', resume: 'opening', attach: 'opening' },
  opening: { session: 'open' },
  open: { goodbye: 'leaving' },
  leaving: { goodbyeAck: 'closed' },
  closed: {},
} as const satisfies Record<string, Partial<Record<VerbName, string>>>;

export type ConversationState = keyof typeof conversationMoves;

const moves: Readonly<Record<ConversationState, Partial<Record<VerbName, ConversationState>>>> =
  conversationMoves;

/** Verbs that make a move. */
const movingVerbs: ReadonlySet<string> = new Set(Object.values(moves).flatMap(Object.keys));

/** Verbs that make no move and are allowed from authentication on; all others need an open conversation. */
const livingVerbs: ReadonlySet<VerbName> = new Set(['ping', 'pong', 'part', 'partAck']);

const talking: ReadonlySet<ConversationState> = new Set(['open', 'leaving']);
const authenticated: ReadonlySet<ConversationState> = new Set([
  'authenticated',
  'opening',
  'open',
  'leaving',
]);

/**
 * The state after `verb` passed.
 *
 * @throws UNEXPECTED_MESSAGE `invalid move [state -> verb]`
 */
export const nextState = (state: ConversationState, verb: VerbName): ConversationState => {
  const next = moves[state][verb];
  if (next !== undefined) {
    return next;
  }
  // Two GOODBYEs may cross, and either end may report an error at any time.
  const stays =
    verb === 'error' ||
    (verb === 'goodbye' && state === 'leaving') ||
    (livingVerbs.has(verb) && authenticated.has(state)) ||
    (!movingVerbs.has(verb) && !livingVerbs.has(verb) && talking.has(state));
  if (!stays) {
    throw new MillraceError('UNEXPECTED_MESSAGE', `invalid move [${state} -> ${verb}]`);
  }
  return state;
};
