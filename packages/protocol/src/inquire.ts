import { MillraceError } from './errors.ts';
import type { Message, MessageNamed, VerbName } from './message-table.ts';
import { type Asked, promiseOf } from './requests.ts';

export interface AskPort {
  /** Sends a request until it is answered. */
  ask(asked: Asked): void;
}

const isNamed = <N extends VerbName>(message: Message, verb: N): message is MessageNamed<N> =>
  message.verb === verb;

/**
 * Asks what may be asked any number of times, until it is answered by this verb.
 *
 * @throws what the manager answers instead; INTERNAL
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
  if (!isNamed(reply, verb)) {
    throw new MillraceError('INTERNAL', `unexpected answer ${reply.verb}`);
  }
  return reply;
};
