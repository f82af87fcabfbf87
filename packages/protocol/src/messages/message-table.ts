import type { PackReader } from '../bytes/pack-reader.ts';
import type { PackWriter } from '../bytes/pack-writer.ts';
import { MillraceError } from '../words/errors.ts';
import * as enqueueVerbs from './enqueue.ts';
import * as handshakeVerbs from './handshake.ts';
import * as itemVerbs from './items.ts';
import * as lifeVerbs from './life.ts';
import * as operationVerbs from './operations.ts';
import * as sessionVerbs from './session.ts';
import * as taskVerbs from './tasks.ts';
import type { MessageOf } from './verb.ts';
import * as workVerbs from './work.ts';

/** Every verb of version 1, by name. */
export const verbs = {
  hello: handshakeVerbs.hello,
  challenge: handshakeVerbs.challenge,
  proof: handshakeVerbs.proof,
  welcome: handshakeVerbs.welcome,
  open: sessionVerbs.open,
  resume: sessionVerbs.resume,
  attach: sessionVerbs.attach,
  session: sessionVerbs.session,
  ping: lifeVerbs.ping,
  pong: lifeVerbs.pong,
  goodbye: lifeVerbs.goodbye,
  goodbyeAck: lifeVerbs.goodbyeAck,
  error: lifeVerbs.error,
  part: lifeVerbs.part,
  partAck: lifeVerbs.partAck,
  enqueue: enqueueVerbs.enqueue,
  enqueued: enqueueVerbs.enqueued,
  parked: enqueueVerbs.parked,
  room: enqueueVerbs.room,
  withdraw: enqueueVerbs.withdraw,
  awaitOutcome: taskVerbs.awaitOutcome,
  outcome: taskVerbs.outcome,
  cancel: taskVerbs.cancel,
  cancelled: taskVerbs.cancelled,
  inspect: taskVerbs.inspect,
  taskInfo: taskVerbs.taskInfo,
  size: taskVerbs.size,
  sized: taskVerbs.sized,
  status: taskVerbs.status,
  statusReport: taskVerbs.statusReport,
  get: itemVerbs.get,
  item: itemVerbs.item,
  empty: itemVerbs.empty,
  declarePool: workVerbs.declarePool,
  credit: workVerbs.credit,
  grant: workVerbs.grant,
  settle: workVerbs.settle,
  settled: workVerbs.settled,
  abort: workVerbs.abort,
  listTasks: operationVerbs.listTasks,
  taskPage: operationVerbs.taskPage,
  retry: operationVerbs.retry,
  retried: operationVerbs.retried,
  drop: operationVerbs.drop,
  dropped: operationVerbs.dropped,
  pause: operationVerbs.pause,
  paused: operationVerbs.paused,
  purge: operationVerbs.purge,
  purged: operationVerbs.purged,
  drainWorker: operationVerbs.drainWorker,
  workerDraining: operationVerbs.workerDraining,
  drain: operationVerbs.drain,
} as const;

export type VerbName = keyof typeof verbs;
/** A decoded message: `verb` and its fields. */
export type Message = { [N in VerbName]: MessageOf<(typeof verbs)[N]> }[VerbName];
export type MessageNamed<N extends VerbName> = Extract<Message, { readonly verb: N }>;
/** A task to add, as ENQUEUE carries it; times are durations from now. */
export type NewTask = MessageNamed<'enqueue'>['tasks'][number];

/** What the table holds of a verb, where its particular fields do not matter. */
interface AnyVerb {
  readonly name: string;
  readonly type: number;
  write(writer: PackWriter, message: Message): void;
  read(reader: PackReader, length: number): Message;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a verb writes only messages of its own name: `writeMessage` looks it up by that
const all = Object.values(verbs) as unknown as readonly AnyVerb[];
const byType = new Map(all.map((verb) => [verb.type, verb]));
const byName = new Map(all.map((verb) => [verb.name, verb]));

/** Writes a message as the list `[type, ...fields]`. */
export const writeMessage = (writer: PackWriter, message: Message): void => {
  const verb = byName.get(message.verb);
  if (verb === undefined) {
    throw new MillraceError('INTERNAL', `no verb '${message.verb}'`);
  }
  verb.write(writer, message);
};

/** @throws UNKNOWN_VERB, BAD_FIELD, MALFORMED_FRAME; RangeError or TypeError for bytes that are not well-formed */
export const readMessage = (reader: PackReader): Message => {
  const length = reader.open();
  const type = length > 0 ? reader.number() : Number.NaN;
  if (Number.isNaN(type)) {
    throw new MillraceError(
      'MALFORMED_FRAME',
      'a message must be a list that starts with its type',
    );
  }
  const verb = byType.get(type);
  if (verb === undefined) {
    throw new MillraceError('UNKNOWN_VERB', `no verb has the type ${type}`);
  }
  const message = verb.read(reader, length - 1);
  reader.close();
  return message;
};
