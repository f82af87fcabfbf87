import type { Message, MessageNamed, VerbName } from '../messages/message-table.ts';
import type { Clock } from '../runtime/clock.ts';
import type { MillraceError } from '../words/errors.ts';
import { type Abandonment, type CallOptions, checkCall } from './abandonment.ts';
import { expectVerb } from './expect-verb.ts';
import { type Asked, promiseOf } from './requests.ts';

export interface AskPort {
  /** Sends a request until it is answered. */
  ask(asked: Asked): void;
}

/** For requests whose waits end at a time. */
export interface TimedPort extends AskPort {
  readonly clock: Clock;
}

/** An idempotent request, and the error for its end without an answer. */
export interface Inquiry {
  build(requestId: number): Message;
  giveUp(end: Abandonment, timeoutMs: number): MillraceError;
}

/**
 * Sends an idempotent request until it is answered, or until its time is up.
 *
 * @throws the error that the manager answers, or that `giveUp` makes; BAD_OPTION;
 *   INTERNAL for an answer of another verb
 */
export const inquire = async <N extends VerbName>(
  port: TimedPort,
  verb: N,
  inquiry: Inquiry,
  options: CallOptions = {},
): Promise<MessageNamed<N>> => {
  checkCall(options, 'the options of the call');
  const { signal, timeoutMs = Number.POSITIVE_INFINITY } = options;
  const reply = await promiseOf(
    {
      build: (requestId) => inquiry.build(requestId),
      giveUpAtMs: port.clock.monotonicMs() + timeoutMs,
      giveUp: (end) => inquiry.giveUp(end, timeoutMs),
      signal,
      isAnsweredAtOnce: true,
    },
    (asked) => port.ask(asked),
  );
  return expectVerb(reply, verb);
};
