import { MillraceError } from '../words/errors.ts';
import type { Message, MessageNamed, VerbName } from './message-table.ts';

const isNamed = <N extends VerbName>(message: Message, verb: N): message is MessageNamed<N> =>
  message.verb === verb;

export const unexpectedAnswer = ({ verb }: Message): MillraceError =>
  new MillraceError('INTERNAL', `unexpected answer ${verb}`);

/** @throws INTERNAL unless the message has this verb */
export const expectVerb = <N extends VerbName>(message: Message, verb: N): MessageNamed<N> => {
  if (!isNamed(message, verb)) {
    throw unexpectedAnswer(message);
  }
  return message;
};
