import type { Finding, QueueStatus, Status, WorkerStatus } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { renderStatus, renderWithin } from './render.ts';

const queue = (name: string): QueueStatus => ({
  name,
  isPaused: false,
  ready: 4,
  running: 0,
  scheduled: 0,
  retrying: 0,
  deadKept: 0,
  diedLately: 0,
  endedLately: 0,
  bytes: 0,
  maxItems: 1_000,
  inPerSecond: 0,
  outPerSecond: 0,
  oldestWaitingMs: 9_000,
  runP95Ms: null,
  workers: 0,
  enqueued: 4,
  succeeded: 0,
  dead: 0,
  cancelled: 0,
  expired: 0,
  regranted: 0,
  losses: 0,
});

const worker = (name: string): WorkerStatus => ({
  sessionId: name,
  name,
  host: 'mill',
  pid: 7,
  state: 'working',
  isDraining: false,
  slots: 4,
  busySlots: 0,
  lostSlots: 0,
  running: 0,
  processHeardMsAgo: 20,
  loopHeardMsAgo: 20,
  loopBlockedMs: 0,
  roundTripMs: 0.4,
  loopLagMs: 1,
  rssBytes: 60_000_000,
  handles: [],
});

const finding = (subject: string): Finding => ({
  severity: 'critical',
  kind: 'queue-unhandled',
  subject,
  message: `no worker handles ${subject}`,
  command: `millrace queue show ${subject}`,
});

const numbered = (word: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${word}-${String(index + 1).padStart(2, '0')}`);

const statusOf = (queues: number, workers: number, findings: number): Status => ({
  version: '1.0.0',
  url: 'ws://127.0.0.1:7171',
  pid: 1,
  epoch: 1,
  uptimeMs: 60_000,
  store: { kind: 'memory', bytes: 0, freeBytes: 0, reserveBytes: 0, commitMs: 0 },
  clients: 1,
  connections: {
    unauthenticated: 0,
    evicted: 0,
    refused: 0,
    idle: 0,
    dismissed: 0,
    refusedSessions: 0,
  },
  schedules: { total: 0, paused: 0, delayed: 0 },
  queues: numbered('queue', queues).map(queue),
  workers: numbered('worker', workers).map(worker),
  lostWorkers: [],
  attention: numbered('queue', findings).map(finding),
});

/** The first word of each line, which tells the lines apart. */
const outline = (text: string): string[] =>
  text.split('\n').map((line) => (line.startsWith('…') ? line : (line.split(' ')[0] ?? '')));

test('a screen shows the findings below the headline, and counts the rows that it cuts', () => {
  expect(outline(renderWithin(statusOf(29, 2, 5), 23))).toEqual([
    'CRITICAL',
    ...Array<string>(5).fill('!'),
    'store',
    '',
    'QUEUE',
    ...numbered('queue', 9),
    '… 20 more',
    '',
    'WORKER',
    ...numbered('worker', 2),
  ]);
});

test('a small screen keeps the findings and the worst queue', () => {
  expect(outline(renderWithin(statusOf(29, 2, 5), 11))).toEqual([
    'CRITICAL',
    ...Array<string>(5).fill('!'),
    'store',
    '',
    'QUEUE',
    'queue-01',
    '… 28 more',
  ]);
});

test('no number of findings, queues and workers takes more rows than there are', () => {
  for (const rows of [3, 5, 11, 23, 60]) {
    for (const findings of [0, 1, 5, 100]) {
      for (const workers of [0, 1, 40]) {
        const lines = renderWithin(statusOf(29, workers, findings), rows).split('\n');
        expect(lines.length).toBeLessThanOrEqual(rows);
      }
    }
  }
});

test('nothing is cut on a screen with enough rows, or where lines scroll', () => {
  expect(renderWithin(statusOf(29, 2, 5), 100)).not.toContain('…');
  expect(renderStatus(statusOf(29, 40, 100))).not.toContain('…');
});
