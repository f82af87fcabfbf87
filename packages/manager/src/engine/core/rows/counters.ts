import type { PackReader, PackWriter } from '@millrace/protocol';
import { readList, readText, writeList } from './record.ts';

/** Unfinished tasks by state and their payload bytes: what bounds are checked against. */
const sizeFields = ['ready', 'scheduled', 'leased', 'bytes'] as const;
const totalFields = [
  'enqueued',
  'succeeded',
  'dead',
  'cancelled',
  'expired',
  'regranted',
  'losses',
] as const;

/** Scheduled for a further attempt; dead and still kept. */
const laterFields = ['retrying', 'deadKept'] as const;
/** In the order in which the store has them. */
export const countedFields = [...sizeFields, ...totalFields, ...laterFields] as const;

export type Counters = Record<(typeof countedFields)[number], number>;

export const zeroCounters = (): Counters => ({
  ready: 0,
  scheduled: 0,
  leased: 0,
  bytes: 0,
  enqueued: 0,
  succeeded: 0,
  dead: 0,
  cancelled: 0,
  expired: 0,
  regranted: 0,
  losses: 0,
  retrying: 0,
  deadKept: 0,
});

/** What is on disk of a queue. */
export interface QueueRecord {
  readonly queue: string;
  readonly isPaused: boolean;
  readonly counters: Counters;
}

const RECORD_FIELDS = 2 + countedFields.length;

const writeQueue = (writer: PackWriter, { counters, isPaused, queue }: QueueRecord): void => {
  writer.list(RECORD_FIELDS);
  writer.text(queue);
  writer.boolean(isPaused);
  for (const field of countedFields) {
    writer.number(counters[field]);
  }
};

const readQueue = (reader: PackReader): QueueRecord => {
  reader.open();
  const queue = readText(reader);
  const isPaused = reader.boolean() ?? false;
  const counters = zeroCounters();
  for (const field of countedFields) {
    counters[field] = reader.number();
  }
  reader.close();
  return { queue, isPaused, counters };
};

export const encodeQueues = (queues: readonly QueueRecord[]): Uint8Array =>
  writeList(queues, writeQueue);

export const decodeQueues = (row: Uint8Array): readonly QueueRecord[] => readList(row, readQueue);
