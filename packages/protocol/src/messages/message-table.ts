import type { PackReader } from '../bytes/pack-reader.ts';
import type { PackWriter } from '../bytes/pack-writer.ts';
import { MillraceError } from '../words/errors.ts';
import { abort } from './abort.ts';
import { attach } from './attach.ts';
import { awaitOutcome, outcome } from './await-outcome.ts';
import { cancel, cancelled } from './cancel.ts';
import { credit } from './credit.ts';
import { deadGroupPage, deadGroups } from './dead-groups.ts';
import { declarePool } from './declare-pool.ts';
import { drain } from './drain.ts';
import { drainWorker, workerDraining } from './drain-worker.ts';
import { drop, dropped } from './drop.ts';
import { enqueue, enqueued, parked, room } from './enqueue.ts';
import { error } from './error.ts';
import { empty, get, item, items } from './get.ts';
import { goodbye, goodbyeAck } from './goodbye.ts';
import { grant } from './grant.ts';
import { challenge, hello, proof, welcome } from './handshake.ts';
import { inspect, taskInfo } from './inspect.ts';
import { join, joined } from './join.ts';
import { listSchedules, schedulePage } from './list-schedules.ts';
import { listTasks, taskPage } from './list-tasks.ts';
import { open } from './open.ts';
import { part, partAck } from './part.ts';
import { pause, paused } from './pause.ts';
import { pauseSchedule, schedulePaused } from './pause-schedule.ts';
import { ping, pong } from './ping.ts';
import { prioritize, prioritized } from './prioritize.ts';
import { purge, purged } from './purge.ts';
import { removeSchedule, scheduleRemoved } from './remove-schedule.ts';
import { resume } from './resume.ts';
import { retried, retry } from './retry.ts';
import { runSchedule, scheduleRan } from './run-schedule.ts';
import { schedule, scheduled } from './schedule.ts';
import { session } from './session.ts';
import { settle, settled } from './settle.ts';
import { scheduleInfo, showSchedule } from './show-schedule.ts';
import { size, sized } from './size.ts';
import { status, statusReport } from './status.ts';
import type { MessageOf } from './wire/verb.ts';
import { withdraw } from './withdraw.ts';

/** Every verb of version 1, by name. */
export const verbs = {
  hello,
  challenge,
  proof,
  welcome,
  open,
  resume,
  attach,
  session,
  ping,
  pong,
  goodbye,
  goodbyeAck,
  error,
  part,
  partAck,
  enqueue,
  enqueued,
  parked,
  room,
  withdraw,
  awaitOutcome,
  outcome,
  cancel,
  cancelled,
  prioritize,
  prioritized,
  inspect,
  taskInfo,
  size,
  sized,
  status,
  statusReport,
  get,
  item,
  items,
  empty,
  join,
  joined,
  declarePool,
  credit,
  grant,
  settle,
  settled,
  abort,
  listTasks,
  taskPage,
  retry,
  retried,
  drop,
  dropped,
  pause,
  paused,
  deadGroups,
  deadGroupPage,
  purge,
  purged,
  drainWorker,
  workerDraining,
  drain,
  schedule,
  scheduled,
  listSchedules,
  schedulePage,
  showSchedule,
  scheduleInfo,
  pauseSchedule,
  schedulePaused,
  runSchedule,
  scheduleRan,
  removeSchedule,
  scheduleRemoved,
} as const;

export type VerbName = keyof typeof verbs;
/** A decoded message: `verb` and its fields. */
export type Message = { [N in VerbName]: MessageOf<(typeof verbs)[N]> }[VerbName];
export type MessageNamed<N extends VerbName> = Extract<Message, { readonly verb: N }>;

export const isNamed = <N extends VerbName>(
  message: Message,
  name: N,
): message is MessageNamed<N> => message.verb === name;

/** A verb of the table, without the types of its fields. */
interface AnyVerb {
  readonly name: string;
  readonly type: number;
  write(writer: PackWriter, message: Message): void;
  read(reader: PackReader, length: number): Message;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `writeMessage` finds the verb by the name of the message, so each writes only its own
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

/** @throws UNKNOWN_VERB, BAD_FIELD, MALFORMED_FRAME; RangeError or TypeError for malformed bytes */
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
