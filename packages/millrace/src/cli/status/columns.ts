import type { QueueStatus, WorkerStatus } from '@millrace/protocol';
import { bytes, duration } from '../terminal/units.ts';

/** A column of a table: its head, its meaning, and its cell. */
export interface Column<T> {
  readonly head: string;
  readonly meaning: string;
  readonly cell: (subject: T) => string;
}

const orDash = <T>(value: T | null, render: (value: T) => string): string =>
  value === null ? '-' : render(value);

export const queueColumns: readonly Column<QueueStatus>[] = [
  {
    head: 'QUEUE',
    meaning: 'name of the queue',
    cell: ({ isPaused, name }) => (isPaused ? `${name} (paused)` : name),
  },
  {
    head: 'READY',
    meaning: 'tasks and items that wait for a worker or a get',
    cell: ({ ready }) => String(ready),
  },
  { head: 'RUN', meaning: 'tasks that are leased', cell: ({ running }) => String(running) },
  {
    head: 'SCHEDULED',
    meaning: 'tasks with a delay that have not run yet',
    cell: ({ retrying, scheduled }) => String(scheduled - retrying),
  },
  {
    head: 'RETRY',
    meaning: 'tasks that failed and wait for their next attempt',
    cell: ({ retrying }) => String(retrying),
  },
  {
    head: 'DEAD',
    meaning: 'tasks that failed for good and are kept',
    cell: ({ deadKept }) => String(deadKept),
  },
  {
    head: 'IN/s',
    meaning: 'tasks that arrive in a second, over the last 10 s',
    cell: ({ inPerSecond }) => inPerSecond.toFixed(0),
  },
  {
    head: 'OUT/s',
    meaning: 'tasks that end in a second, over the last 10 s',
    cell: ({ outPerSecond }) => outPerSecond.toFixed(0),
  },
  {
    head: 'OLDEST',
    meaning: 'how long the oldest ready task has been ready',
    cell: ({ oldestWaitingMs }) => orDash(oldestWaitingMs, duration),
  },
  {
    head: 'P95-RUN',
    meaning: '95 of 100 recent attempts took less',
    cell: ({ runP95Ms }) => orDash(runP95Ms, duration),
  },
  {
    head: 'WORKERS',
    meaning: 'connected workers that handle a task of the queue',
    cell: ({ workers }) => String(workers),
  },
];

const nameAndState = ({ name, state }: WorkerStatus): string =>
  state === 'working' ? name : `${name} (${state})`;

const slots = ({ busySlots, lostSlots, slots: all }: WorkerStatus): string =>
  lostSlots === 0 ? `${busySlots}/${all}` : `${busySlots}/${all} (${lostSlots} lost)`;

export const workerColumns: readonly Column<WorkerStatus>[] = [
  { head: 'WORKER', meaning: 'name of the worker', cell: nameAndState },
  { head: 'HOST', meaning: 'its host', cell: ({ host }) => host },
  { head: 'PID', meaning: 'its process', cell: ({ pid }) => String(pid) },
  {
    head: 'SLOTS',
    meaning: 'taken slots of all; lost ones hold an attempt that does not end',
    cell: slots,
  },
  {
    head: 'TASKS',
    meaning: 'tasks that it holds',
    cell: ({ running }) => String(running),
  },
  {
    head: 'HEARD',
    meaning: 'time since any byte of its process',
    cell: ({ processHeardMsAgo }) => duration(processHeardMsAgo),
  },
  {
    head: 'LOOP',
    meaning: 'ok, or how long its event loop has been blocked',
    cell: ({ loopBlockedMs, state }) =>
      state === 'lost' ? '-' : loopBlockedMs === 0 ? 'ok' : `blocked ${duration(loopBlockedMs)}`,
  },
  {
    head: 'TRIP',
    meaning: 'round trip of its last heartbeat',
    cell: ({ roundTripMs }) => orDash(roundTripMs, (ms) => `${ms.toFixed(1)}ms`),
  },
  {
    head: 'LAG',
    meaning: 'longest delay of its event loop since the report before',
    cell: ({ loopLagMs }) => orDash(loopLagMs, duration),
  },
  {
    head: 'RSS',
    meaning: 'resident memory of its process',
    cell: ({ rssBytes }) => orDash(rssBytes, bytes),
  },
];

const glossaryOf = <T>(columns: readonly Column<T>[]): string =>
  columns.map(({ head, meaning }) => `  ${head.padEnd(10)}${meaning}`).join('\n');

/** The columns of the tables of queues and of workers, for a help text. */
export const queueGlossary = `\nColumns:\n${glossaryOf(queueColumns)}`;
export const workerGlossary = `\nColumns:\n${glossaryOf(workerColumns)}`;
export const statusGlossary = `\nColumns of queues:\n${glossaryOf(queueColumns)}\n\nColumns of workers:\n${glossaryOf(workerColumns)}`;
