import { decodePayload } from '../bytes/payload.ts';
import type { Message, MessageNamed } from '../messages/message-table.ts';
import { codeOf, MillraceError, QueueEmpty } from '../words/errors.ts';
import { limits } from '../words/limits.ts';
import type { Token } from '../words/task.ts';
import { type CallOptions, changeAbandoned, checkCall, readAbandoned } from './abandonment.ts';
import { expectVerb } from './expect-verb.ts';
import type { Holdings } from './holdings.ts';
import { inquire, type TimedPort } from './inquire.ts';
import { promiseOf } from './requests.ts';
import { remainingMs } from './send-enqueue.ts';

/** The part of a peer that takes items. */
export interface TakingPort extends TimedPort {
  /** The items held by the peer; RESUME presents them. */
  readonly holdings: Holdings;
}

/** An item that this peer holds from now on. */
export interface Taken {
  readonly token: Token;
  readonly value: unknown;
}

type GrantedItem = MessageNamed<'items'>['items'][number];

/** Waits slice after slice until an item comes or the time is up. */
const awaitItems = async (
  port: TakingPort,
  queue: string,
  max: number,
  { signal, timeoutMs = Number.POSITIVE_INFINITY }: CallOptions,
): Promise<readonly GrantedItem[]> => {
  const { clock } = port;
  const untilMs = clock.monotonicMs() + timeoutMs;
  for (;;) {
    const reply = await promiseOf(
      {
        build: (requestId) => ({
          verb: 'get',
          requestId,
          queue,
          waitMs: Math.min(limits.waitSliceMs, remainingMs(clock, untilMs)),
          max: max === 1 ? undefined : max,
        }),
        giveUpAtMs: untilMs,
        giveUp: (end) => readAbandoned(end, `an item of queue '${queue}'`, timeoutMs),
        signal,
      },
      (asked) => port.ask(asked),
    );
    if (reply.verb === 'item') {
      return [reply];
    }
    if (reply.verb === 'items') {
      return reply.items;
    }
    expectVerb(reply, 'empty');
    if (clock.monotonicMs() >= untilMs) {
      throw new QueueEmpty(queue, timeoutMs);
    }
  }
};

/**
 * Takes one to `max` items and decodes them; waits for the first.
 *
 * @throws as `QueueHandle.get`; then no item is held
 */
export const takeItems = async (
  port: TakingPort,
  queue: string,
  max: number,
  options: CallOptions,
): Promise<readonly Taken[]> => {
  checkCall(options, `an item of queue '${queue}'`);
  const held = await port.holdings.during(max, async () => {
    const items = await awaitItems(port, queue, max, options);
    return items.map(({ epoch, grant, payload, taskId }) => {
      const token: Token = { taskId, epoch, grant };
      port.holdings.add(token);
      return { token, payload };
    });
  });
  try {
    return held.map(({ payload, token }) => ({
      token,
      value: decodePayload(payload, `an item of queue '${queue}'`),
    }));
  } catch (error) {
    const tokens = held.map(({ token }) => token);
    settleItems(port, queue, tokens, 'released').catch(() => {});
    throw error;
  }
};

/** Whether the caller stopped waiting: then the item may still be leased to this peer. */
export const isUnanswered = (error: unknown): boolean => {
  const code = codeOf(error);
  return code === 'NOT_SENT' || code === 'UNKNOWN' || code === 'BAD_OPTION';
};

/**
 * Settles items that this peer holds. It holds them no longer, unless no answer came.
 *
 * @throws LEASE_LOST when one of them was granted to another peer meanwhile; NOT_SENT, UNKNOWN
 */
export const settleItems = async (
  port: TakingPort,
  queue: string,
  tokens: readonly Token[],
  kind: 'succeeded' | 'released',
  options: CallOptions = {},
): Promise<void> => {
  let isHeld = false;
  try {
    const answers = await settleTokens(port, tokens, kind, options);
    if (answers.some((answer) => answer !== 'accepted' && answer !== 'duplicate')) {
      throw new MillraceError(
        'LEASE_LOST',
        `the item of queue '${queue}' is no longer leased to this process: it was granted again`,
      );
    }
  } catch (error) {
    isHeld = isUnanswered(error);
    throw error;
  } finally {
    if (!isHeld) {
      tokens.forEach((token) => port.holdings.remove(token));
    }
  }
};

const described = (tokens: readonly Token[]): string =>
  tokens.length === 1 ? `item ${tokens[0]?.taskId}` : `${tokens.length} items`;

/** Returns the items of a message to their queue, when the `get` that asked for them no longer waits. */
export const returnItems = (port: TimedPort, message: Message): void => {
  const items = message.verb === 'items' ? message.items : message.verb === 'item' ? [message] : [];
  const tokens = items.map(({ epoch, grant, taskId }) => ({ taskId, epoch, grant }));
  if (tokens.length > 0) {
    settleTokens(port, tokens, 'released').catch(() => {});
  }
};

/** Settles tokens; sends the report again until it is answered. */
const settleTokens = async (
  port: TimedPort,
  tokens: readonly Token[],
  kind: 'succeeded' | 'released',
  options: CallOptions = {},
): Promise<MessageNamed<'settled'>['answers']> => {
  const results = tokens.map((token) => ({ ...token, kind, result: undefined, error: undefined }));
  const act = kind === 'succeeded' ? 'acknowledgement' : 'release';
  const reply = await inquire(
    port,
    'settled',
    {
      build: (requestId) => ({ verb: 'settle', requestId, results }),
      giveUp: (end, timeoutMs) =>
        changeAbandoned(
          end,
          `the ${act} of ${described(tokens)}`,
          timeoutMs,
          'it may or may not count',
        ),
    },
    options,
  );
  return reply.answers;
};
