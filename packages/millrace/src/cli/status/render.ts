import type { QueueStatus, Status, WorkerStatus } from '@millrace/protocol';
import { paint } from '../paint.ts';
import { renderTable } from '../table.ts';
import { bytes, duration } from '../units.ts';
import { type Concern, concernsOf, type Level, levelOf } from './verdict.ts';

const colours = { ok: 'green', warning: 'yellow', critical: 'red' } as const;

const queueRow = (queue: QueueStatus): string[] => [
  queue.name,
  ...[queue.ready, queue.running, queue.scheduled, queue.succeeded, queue.dead].map(String),
  queue.inPerSecond.toFixed(0),
  queue.outPerSecond.toFixed(0),
];

/** The fullest first: most waiting, then most running. */
const worstFirst = (a: QueueStatus, b: QueueStatus): number =>
  b.ready - a.ready || b.running - a.running || a.name.localeCompare(b.name);

export const queueTable = (queues: readonly QueueStatus[]): string =>
  renderTable(
    ['QUEUE', 'READY', 'RUN', 'SCHEDULED', 'SUCCEEDED', 'DEAD', 'IN/s', 'OUT/s'],
    queues.toSorted(worstFirst).map(queueRow),
  );

const workerRow = (worker: WorkerStatus): string[] => [
  worker.name,
  worker.host,
  String(worker.pid),
  `${worker.busySlots}/${worker.slots}`,
  duration(worker.processHeardMsAgo),
  worker.loopHeardMsAgo === null ? '-' : duration(worker.loopHeardMsAgo),
  worker.roundTripMs === null ? '-' : `${worker.roundTripMs.toFixed(1)}ms`,
  worker.loopLagMs === null ? '-' : `${worker.loopLagMs.toFixed(0)}ms`,
  worker.rssBytes === null ? '-' : bytes(worker.rssBytes),
];

export const workerTable = (workers: readonly WorkerStatus[]): string =>
  renderTable(
    ['WORKER', 'HOST', 'PID', 'SLOTS', 'HEARD', 'LOOP', 'TRIP', 'LAG', 'RSS'],
    workers.map(workerRow),
  );

const headline = (level: Level, concerns: number): string =>
  paint(colours[level], concerns === 0 ? 'OK' : `${level.toUpperCase()} (${concerns})`);

const concernLine = ({ command, level, text }: Concern): string =>
  `${paint(colours[level], '!')} ${text}  -> ${command}`;

const storeLine = ({ store }: Status): string =>
  store.kind === 'memory'
    ? `store memory ${bytes(store.bytes)}, lost with the process`
    : `store ${store.kind} ${bytes(store.bytes)}, ${bytes(store.freeBytes)} free, commit ${store.commitMs.toFixed(1)}ms`;

export const renderStatus = (status: Status): string => {
  const concerns = concernsOf(status);
  const lines = [
    `${headline(levelOf(concerns), concerns.length)}  manager ${status.url}  v${status.version}  pid ${status.pid}  epoch ${status.epoch}  up ${duration(status.uptimeMs)}`,
    `${storeLine(status)}   clients ${status.clients}   workers ${status.workers.length}`,
    '',
    queueTable(status.queues),
  ];
  if (status.workers.length > 0) {
    lines.push('', workerTable(status.workers));
  }
  if (concerns.length > 0) {
    lines.push('', ...concerns.map(concernLine));
  }
  return lines.join('\n');
};
