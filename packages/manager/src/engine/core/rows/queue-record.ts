import { PackReader } from '@millrace/protocol';
import { flag, numberOr, text } from './codecs.ts';
import { readList, recordKind, writeList } from './record.ts';

/** Counters of a queue, in the order in which the store has them. A new one is added at the end. */
const counterFields = {
  // Unfinished tasks by state and their payload bytes, which bounds are checked against.
  ready: numberOr(0),
  scheduled: numberOr(0),
  leased: numberOr(0),
  bytes: numberOr(0),
  // Running totals.
  enqueued: numberOr(0),
  succeeded: numberOr(0),
  dead: numberOr(0),
  cancelled: numberOr(0),
  expired: numberOr(0),
  /** Grants beyond a task's first. */
  regranted: numberOr(0),
  losses: numberOr(0),
  /** Scheduled tasks that failed before. */
  retrying: numberOr(0),
  /** Dead tasks that are still kept. */
  deadKept: numberOr(0),
};

export type Counters = Record<keyof typeof counterFields, number>;

/** A queue as the store has it. */
export interface QueueRecord {
  readonly queue: string;
  readonly isPaused: boolean;
  readonly counters: Counters;
}

const head = recordKind('queue', { queue: text, isPaused: flag }, {});
const counters = recordKind('counters', counterFields, {});

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of an object literal
export const countedFields = Object.keys(counterFields) as readonly (keyof Counters)[];

const nothing = new PackReader(new Uint8Array(0));

/** The counters of a new queue: what a record without any of them says. */
export const zeroCounters = (): Counters => counters.read(nothing, 0);

export const encodeQueues = (queues: readonly QueueRecord[]): Uint8Array =>
  writeList(queues, (writer, queue) => {
    writer.list(head.length + counters.length);
    head.write(writer, { queue: queue.queue, isPaused: queue.isPaused, extras: undefined });
    counters.write(writer, { ...queue.counters, extras: undefined });
  });

export const decodeQueues = (row: Uint8Array): readonly QueueRecord[] =>
  readList(row, (reader) => {
    const length = reader.open();
    const { isPaused, queue } = head.read(reader, head.length);
    const counted = counters.read(reader, length - head.length);
    reader.close();
    return { queue, isPaused, counters: counted };
  });
