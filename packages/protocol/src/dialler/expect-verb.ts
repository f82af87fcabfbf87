import {
  isNamed,
  type Message,
  type MessageNamed,
  type VerbName,
} from '../messages/message-table.ts';
import { MillraceError } from '../words/errors.ts';

export const unexpectedAnswer = ({ verb }: Message): MillraceError =>
  new MillraceError('INTERNAL', `unexpected answer ${verb}`);

/** @throws INTERNAL unless the message has this verb */
export const expectVerb = <N extends VerbName>(message: Message, verb: N): MessageNamed<N> => {
  if (!isNamed(message, verb)) {
    throw unexpectedAnswer(message);
  }
  return message;
};
