import { type Message, type MessageNamed, MillraceError, type VerbName } from '@millrace/protocol';

const isNamed = <N extends VerbName>(message: Message, verb: N): message is MessageNamed<N> =>
  message.verb === verb;

/** @throws INTERNAL unless the message has this verb */
export const expectVerb = <N extends VerbName>(message: Message, verb: N): MessageNamed<N> => {
  if (!isNamed(message, verb)) {
    throw new MillraceError('INTERNAL', `unexpected answer ${message.verb}`);
  }
  return message;
};
