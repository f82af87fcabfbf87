import { connect } from '@millrace/client';
import type { QueueStatus, Status, WorkerStatus } from '@millrace/protocol';
import { present } from './config-file.ts';
import { renderTable } from './table.ts';

export interface StatusFlags {
  readonly url?: string;
  readonly json?: boolean;
}

const KIB = 1024;
const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

const bytes = (value: number): string => {
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, value)) / 10));
  const scaled = value / KIB ** power;
  return `${power === 0 ? scaled : scaled.toFixed(1)} ${units[power]}`;
};

const SECOND_MS = 1_000;
const steps: readonly (readonly [string, number])[] = [
  ['d', 86_400 * SECOND_MS],
  ['h', 3_600 * SECOND_MS],
  ['m', 60 * SECOND_MS],
  ['s', SECOND_MS],
];

const duration = (ms: number): string => {
  for (const [unit, length] of steps) {
    if (ms >= length) {
      return `${Math.floor(ms / length)}${unit}`;
    }
  }
  return `${Math.round(ms)}ms`;
};

const queueRow = (queue: QueueStatus): string[] => [
  queue.name,
  ...[queue.ready, queue.running, queue.scheduled, queue.succeeded, queue.dead].map(String),
  queue.inPerSecond.toFixed(0),
  queue.outPerSecond.toFixed(0),
];

const workerRow = (worker: WorkerStatus): string[] => [
  worker.name,
  worker.host,
  String(worker.pid),
  `${worker.busySlots}/${worker.slots}`,
  duration(worker.processHeardMsAgo),
  worker.loopHeardMsAgo === null ? '-' : duration(worker.loopHeardMsAgo),
  worker.loopLagMs === null ? '-' : `${worker.loopLagMs.toFixed(0)}ms`,
  worker.rssBytes === null ? '-' : bytes(worker.rssBytes),
];

export const renderStatus = (status: Status): string => {
  const { store } = status;
  const lines = [
    `manager ${status.url}  v${status.version}  pid ${status.pid}  epoch ${status.epoch}  up ${duration(status.uptimeMs)}`,
    `store ${store.kind} ${bytes(store.bytes)}, ${store.kind === 'memory' ? 'lost with the process' : `${bytes(store.freeBytes)} free`}, commit ${store.commitMs.toFixed(1)}ms   clients ${status.clients}   workers ${status.workers.length}`,
    '',
    renderTable(
      ['QUEUE', 'READY', 'RUN', 'SCHEDULED', 'SUCCEEDED', 'DEAD', 'IN/s', 'OUT/s'],
      status.queues.map(queueRow),
    ),
  ];
  if (status.workers.length > 0) {
    const head = ['WORKER', 'HOST', 'PID', 'SLOTS', 'HEARD', 'LOOP', 'LAG', 'RSS'];
    lines.push('', renderTable(head, status.workers.map(workerRow)));
  }
  return lines.join('\n');
};

/** `millrace status`: the manager's own account of itself. */
export const statusCommand = async (flags: StatusFlags): Promise<void> => {
  const client = await connect(present({ url: flags.url }));
  try {
    const document = await client.status();
    const text = flags.json === true ? JSON.stringify(document, null, 2) : renderStatus(document);
    process.stdout.write(`${text}\n`);
  } finally {
    await client.close();
  }
};
