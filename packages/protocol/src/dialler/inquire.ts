import type { Message, MessageNamed, VerbName } from '../messages/message-table.ts';
import type { Clock } from '../runtime/clock.ts';
import { MillraceError } from '../words/errors.ts';
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

/**
 * Sends an idempotent request until it is answered, without a limit of time.
 *
 * @throws the error that the manager answers; INTERNAL for an answer of another verb
 */
export const inquire = async <N extends VerbName>(
  port: AskPort,
  verb: N,
  build: (requestId: number) => Message,
): Promise<MessageNamed<N>> => {
  const reply = await promiseOf(
    {
      build,
      giveUpAtMs: Number.POSITIVE_INFINITY,
      giveUp: () => new MillraceError('TIMEOUT', 'no answer'),
    },
    (asked) => port.ask(asked),
  );
  return expectVerb(reply, verb);
};
