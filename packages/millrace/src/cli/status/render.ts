import type { Finding, QueueStatus, Status, WorkerStatus } from '@millrace/protocol';
import { paint } from '../paint.ts';
import { plainText } from '../plain-text.ts';
import { renderTable } from '../table.ts';
import { bytes, duration } from '../units.ts';
import { type Level, levelOf } from './verdict.ts';

const colours = { ok: 'green', warning: 'yellow', critical: 'red' } as const;

const orDash = (ms: number | null): string => (ms === null ? '-' : duration(ms));

const queueRow = (queue: QueueStatus): string[] => [
  queue.isPaused ? `${queue.name} (paused)` : queue.name,
  ...[queue.ready, queue.running, queue.scheduled, queue.retrying, queue.deadKept].map(String),
  queue.inPerSecond.toFixed(0),
  queue.outPerSecond.toFixed(0),
  orDash(queue.oldestWaitingMs),
  orDash(queue.runP95Ms),
  String(queue.workers),
];

/** Whose work waits longest comes first, then the fuller. */
const worstFirst = (a: QueueStatus, b: QueueStatus): number =>
  (b.oldestWaitingMs ?? 0) - (a.oldestWaitingMs ?? 0) ||
  b.ready - a.ready ||
  b.running - a.running ||
  a.name.localeCompare(b.name);

const queueHead = ['QUEUE', 'READY', 'RUN', 'SCHEDULED', 'RETRY', 'DEAD'].concat([
  'IN/s',
  'OUT/s',
  'OLDEST',
  'P95-RUN',
  'WORKERS',
]);

export const queueTable = (queues: readonly QueueStatus[]): string =>
  renderTable(queueHead, queues.toSorted(worstFirst).map(queueRow));

const workerRow = (worker: WorkerStatus): string[] => [
  worker.isDraining ? `${worker.name} (draining)` : worker.name,
  worker.host,
  String(worker.pid),
  `${worker.busySlots}/${worker.slots}`,
  String(worker.running),
  duration(worker.processHeardMsAgo),
  orDash(worker.loopHeardMsAgo),
  worker.roundTripMs === null ? '-' : `${worker.roundTripMs.toFixed(1)}ms`,
  orDash(worker.loopLagMs),
  worker.rssBytes === null ? '-' : bytes(worker.rssBytes),
];

export const workerTable = (workers: readonly WorkerStatus[]): string =>
  renderTable(
    ['WORKER', 'HOST', 'PID', 'SLOTS', 'TASKS', 'HEARD', 'LOOP', 'TRIP', 'LAG', 'RSS'],
    workers.map(workerRow),
  );

const headline = (level: Level, findings: number): string =>
  paint(colours[level], findings === 0 ? 'OK' : `${level.toUpperCase()} (${findings})`);

const findingLine = ({ command, message, severity }: Finding): string =>
  `${paint(colours[severity], '!')} ${plainText(message)}  -> ${plainText(command)}`;

const storeLine = ({ store }: Status): string =>
  store.kind === 'memory'
    ? `store memory ${bytes(store.bytes)}, lost with the process`
    : `store ${store.kind} ${bytes(store.bytes)}, ${bytes(store.freeBytes)} free, commit ${store.commitMs.toFixed(1)}ms`;

export const renderStatus = (status: Status): string => {
  const { attention } = status;
  const lines = [
    `${headline(levelOf(attention), attention.length)}  manager ${status.url}  v${status.version}  pid ${status.pid}  epoch ${status.epoch}  up ${duration(status.uptimeMs)}`,
    `${storeLine(status)}   clients ${status.clients}   workers ${status.workers.length}`,
    '',
    queueTable(status.queues),
  ];
  if (status.workers.length > 0) {
    lines.push('', workerTable(status.workers));
  }
  if (attention.length > 0) {
    lines.push('', ...attention.map(findingLine));
  }
  return lines.join('\n');
};
