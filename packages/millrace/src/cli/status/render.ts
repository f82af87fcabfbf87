import type { Finding, QueueStatus, Status, WorkerStatus } from '@millrace/protocol';
import { paint } from '../terminal/paint.ts';
import { plainText } from '../terminal/plain-text.ts';
import { renderTable } from '../terminal/table.ts';
import { bytes, duration } from '../terminal/units.ts';
import { type Column, queueColumns, workerColumns } from './columns.ts';
import { type Level, levelOf } from './verdict.ts';

const colours = { ok: 'green', warning: 'yellow', critical: 'red' } as const;

const tableOf = <T>(columns: readonly Column<T>[], subjects: readonly T[]): string =>
  renderTable(
    columns.map(({ head }) => head),
    subjects.map((subject) => columns.map(({ cell }) => cell(subject))),
  );

/** Orders queues by their longest wait, then by their number of ready and running tasks. */
const worstFirst = (a: QueueStatus, b: QueueStatus): number =>
  (b.oldestWaitingMs ?? 0) - (a.oldestWaitingMs ?? 0) ||
  b.ready - a.ready ||
  b.running - a.running ||
  a.name.localeCompare(b.name);

export const queueTable = (queues: readonly QueueStatus[]): string =>
  tableOf(queueColumns, queues.toSorted(worstFirst));

export const workerTable = (workers: readonly WorkerStatus[]): string =>
  tableOf(workerColumns, workers);

const headline = (level: Level, findings: number): string =>
  paint(colours[level], findings === 0 ? 'OK' : `${level.toUpperCase()} (${findings})`);

const findingLine = ({ command, message, severity }: Finding): string =>
  `${paint(colours[severity], '!')} ${plainText(message)}  -> ${plainText(command)}`;

const storeLine = ({ store }: Status): string =>
  store.kind === 'memory'
    ? `store memory ${bytes(store.bytes)}, lost with the process`
    : `store ${store.kind} ${bytes(store.bytes)}, ${bytes(store.freeBytes)} free, commit ${store.commitMs.toFixed(1)}ms`;

const firstLine = (status: Status): string => {
  const { attention } = status;
  return `${headline(levelOf(attention), attention.length)}  manager ${status.url}  v${status.version}  pid ${status.pid}  epoch ${status.epoch}  up ${duration(status.uptimeMs)}`;
};

const clientsOf = ({ clients, connections }: Status): string =>
  connections.idle === 0 ? String(clients) : `${clients} (${connections.idle} idle)`;

const sizesLine = (status: Status): string =>
  `${storeLine(status)}   clients ${clientsOf(status)}   workers ${status.workers.length}`;

/** The whole status, for a terminal that scrolls and for a pipe. */
export const renderStatus = (status: Status): string => {
  const { attention } = status;
  const lines = [firstLine(status), sizesLine(status), '', queueTable(status.queues)];
  if (status.workers.length > 0) {
    lines.push('', workerTable(status.workers));
  }
  if (attention.length > 0) {
    lines.push('', ...attention.map(findingLine));
  }
  return lines.join('\n');
};

/** Lines of the smallest table: a blank line, the head, one row, and the count of the others. */
const SMALLEST_TABLE = 4;

/** Cuts lines to `room`; the last line then says how many were cut. */
const cut = (lines: readonly string[], room: number): readonly string[] => {
  if (lines.length <= room) {
    return lines;
  }
  const kept = lines.slice(0, Math.max(room - 1, 0));
  return [...kept, `… ${lines.length - kept.length} more`];
};

/** Cuts a table to `room`, or leaves it out if there is no room for a row below its head. */
const cutTable = (lines: readonly string[], room: number): readonly string[] =>
  lines.length > room && room < SMALLEST_TABLE ? [] : cut(lines, room);

/** Lines for the first of two blocks: half of the room, or more if the second needs less. */
const share = (room: number, second: readonly string[]): number =>
  Math.max(Math.ceil(room / 2), room - second.length);

const tablesWithin = (status: Status, room: number): readonly string[] => {
  const queues = ['', ...queueTable(status.queues).split('\n')];
  const workers = status.workers.length > 0 ? ['', ...workerTable(status.workers).split('\n')] : [];
  const wanted = Math.max(share(room, workers), SMALLEST_TABLE);
  const shown = cutTable(queues, Math.min(wanted, room));
  return [...shown, ...cutTable(workers, room - shown.length)];
};

/** The status cut to a number of rows; findings come first. */
export const renderWithin = (status: Status, rows: number): string => {
  const room = rows - 2;
  const findings = status.attention.map(findingLine);
  const shown = cut(findings, share(room, tablesWithin(status, room)));
  const tables = tablesWithin(status, room - shown.length);
  return [firstLine(status), ...shown, sizesLine(status), ...tables].join('\n');
};
