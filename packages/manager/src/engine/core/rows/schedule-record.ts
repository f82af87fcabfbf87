import {
  runKinds,
  runOutcomes,
  type ScheduleSpec,
  scheduleOrigins,
  scheduleSpec,
  sequence,
} from '@millrace/protocol';
import { flag, number, optional, text, word } from './codecs.ts';
import { readRecord, recordKind, type Values, writeRecord } from './record.ts';

const spec = sequence('schedule', scheduleSpec.fields, {});

/** What a schedule was asked to be. Equal schedules have equal bytes. */
export const encodeSpec = (value: ScheduleSpec): Uint8Array =>
  writeRecord((writer) => {
    writer.list(spec.lengthOf(value));
    spec.write(writer, value);
  });

/** The payload is a view of the record. */
export const decodeSpec = (record: Uint8Array): ScheduleSpec =>
  readRecord(record, (reader, length) => spec.read(reader, length));

const stateFields = {
  origin: word(scheduleOrigins),
  isPaused: flag,
  createdAtMs: number,
  /** All ticks up to here have their tasks, or were left out. */
  lastTickMs: number,
  /** The next tick; absent after the last. */
  nextAtMs: optional(number),
  /** When to look at the schedule again: the row of the time index that counts. */
  wakeAtMs: optional(number),
  /** Ticks that were left out. */
  skipped: number,
  /** Runs ever noted, of which the last are kept. */
  noted: number,
  /** Whether a tick was due and its task could not be added. */
  isDelayed: flag,
};

const extras = {};

const stateKind = recordKind('schedule state', stateFields, extras);

/** How far a schedule has come; its record is small, because each tick writes it. */
export type Schedule = Omit<Values<typeof stateFields, typeof extras>, 'extras'>;

export const encodeSchedule = (value: Schedule): Uint8Array =>
  writeRecord((writer) => {
    writer.list(stateKind.length);
    stateKind.write(writer, { ...value, extras: undefined });
  });

export const decodeSchedule = (record: Uint8Array): Schedule =>
  readRecord(record, (reader, length) => stateKind.read(reader, length));

const runFields = {
  /** Which run of its schedule it is, from 0. */
  number,
  kind: word(runKinds),
  tickAtMs: number,
  firedAtMs: number,
  /** The task that the run made, or joined. */
  taskId: text,
  outcome: word(runOutcomes),
  endedAtMs: optional(number),
};

const runKind = recordKind('schedule run', runFields, extras);

export type ScheduleRun = Omit<Values<typeof runFields, typeof extras>, 'extras'>;

export const encodeRun = (value: ScheduleRun): Uint8Array =>
  writeRecord((writer) => {
    writer.list(runKind.length);
    runKind.write(writer, { ...value, extras: undefined });
  });

export const decodeRun = (record: Uint8Array): ScheduleRun =>
  readRecord(record, (reader, length) => runKind.read(reader, length));
