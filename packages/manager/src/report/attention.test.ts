import type { QueueStatus } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { attention, type Facts, worstOf } from './attention.ts';
import type { WorkerFact } from './worker-notices.ts';

const MIB = 1_024 * 1_024;

const calm: Facts = {
  queues: [],
  waiting: [],
  isHandled: () => false,
  nowMs: 1_000_000,
  workers: [],
  deadlocks: [],
  lostWorkers: [],
  lostSessions: [],
  schedules: { total: 0, paused: 0, delayed: new Map(), setBack: 0 },
  store: { kind: 'lmdb', bytes: 0, freeBytes: 1_000 * MIB, reserveBytes: 64 * MIB, commitMs: 1 },
  crowds: [],
  sockets: 10,
  openFilesMax: 1_024,
};

const queue = (options: Partial<QueueStatus> = {}): QueueStatus => ({
  name: 'q',
  isPaused: false,
  ready: 0,
  running: 0,
  scheduled: 0,
  retrying: 0,
  deadKept: 0,
  diedLately: 0,
  endedLately: 0,
  bytes: 0,
  maxItems: 10_000_000,
  inPerSecond: 0,
  outPerSecond: 0,
  oldestWaitingMs: null,
  runP95Ms: null,
  workers: 0,
  enqueued: 0,
  succeeded: 0,
  dead: 0,
  cancelled: 0,
  expired: 0,
  regranted: 0,
  losses: 0,
  ...options,
});

const found = (facts: Partial<Facts>): string[] =>
  attention({ ...calm, ...facts }).map(({ message, severity }) => `${severity}: ${message}`);

const worker = {
  sessionId: 's',
  description: { name: 'w', host: 'here', pid: 7 },
  lostAtMs: 999_000,
  leases: 3,
  isDraining: false,
};
const last = { taskId: 't-1', queue: 'q', name: 'resize', heldMs: 13_000 };

test('a healthy manager has no finding', () => {
  expect(found({ queues: [queue({ ready: 1_000, oldestWaitingMs: 60_000 })] })).toEqual([]);
});

test('a task that no worker handles is a finding once it has waited a while', () => {
  const waiting = (oldestMs: number | undefined, name = 'resize', version = 1) => ({
    waiting: [{ queue: 'q', name, version, oldestMs }],
  });
  const message = "task 'resize' of queue 'q' has waited";
  expect(found(waiting(4_999))).toEqual([]);
  expect(found(waiting(5_000))).toEqual([
    `warning: ${message} 5.0 s and no connected worker handles it`,
  ]);
  expect(found(waiting(3_600_000))).toEqual([
    `critical: ${message} 60 min and no connected worker handles it`,
  ]);
  expect(found(waiting(undefined))).toEqual([
    "warning: task 'resize' of queue 'q' waits and no connected worker handles it",
  ]);
  expect(found({ ...waiting(3_600_000), isHandled: () => true })).toEqual([]);
  expect(found({ ...waiting(3_600_000), queues: [queue({ isPaused: true })] })).toEqual([]);
  // An item needs no handler.
  expect(found(waiting(3_600_000, ''))).toEqual([]);
});

test('a growing backlog is a finding, and critical when its queue is soon full', () => {
  const growing = queue({
    ready: 1_200,
    inPerSecond: 300,
    outPerSecond: 200,
    oldestWaitingMs: 12_000,
  });
  const message = "queue 'q' grows: 1200 tasks ready, 300.0 a second arrive and 200.0 leave";
  expect(found({ queues: [growing] })).toEqual([`warning: ${message}`]);
  expect(found({ queues: [{ ...growing, maxItems: 7_200 }] })).toEqual([
    `critical: ${message}; it will be full in 60 s`,
  ]);
  for (const calmer of [{ ready: 99 }, { oldestWaitingMs: 9_999 }, { outPerSecond: 300 }]) {
    expect(found({ queues: [{ ...growing, ...calmer }] })).toEqual([]);
  }
});

test('a paused queue is a finding while tasks are ready in it', () => {
  expect(found({ queues: [queue({ isPaused: true })] })).toEqual([]);
  expect(found({ queues: [queue({ isPaused: true, ready: 5 })] })).toEqual([
    "warning: queue 'q' is paused, with 5 tasks ready",
  ]);
});

test('a lost worker is a finding that says when its leases return', () => {
  const lost = "warning: worker 'w' (here, pid 7) was lost 1.0 s ago;";
  const lostSessions = [{ sessionId: 's', leases: 3, returnInMs: 1_000 }];
  expect(found({ lostWorkers: [worker], lostSessions })).toEqual([
    `${lost} 3 tasks of it will be granted again in 1.0 s`,
  ]);
  expect(found({ lostWorkers: [worker] })).toEqual([
    `${lost} 3 tasks of it went back to their queues`,
  ]);
  expect(found({ lostSessions })).toEqual([
    'warning: session s has not come back since the manager started; 3 tasks of it will be granted again in 1.0 s',
  ]);
});

const present: WorkerFact = {
  name: 'w',
  host: 'here',
  pid: 7,
  silentMs: 20,
  loopSilentMs: 0,
  running: 0,
  last: undefined,
  report: undefined,
  blocked: undefined,
  isStuck: false,
};

const foundOf = (...workers: Partial<WorkerFact>[]): string[] =>
  found({ workers: workers.map((options) => ({ ...present, ...options })) });

test('a blocked loop is a finding that names the task granted last', () => {
  const loop = { loopSilentMs: 12_000, running: 1, last };
  const message = "the event loop of worker 'w' has been blocked for";
  expect(foundOf(loop)).toEqual([
    `warning: ${message} 12 s: it has run task 'resize' (t-1) for 13 s`,
  ]);
  expect(foundOf({ ...loop, loopSilentMs: 120_000, running: 3 })).toEqual([
    `critical: ${message} 2 min: it holds 3 tasks; the latest, 'resize' (t-1), was granted 13 s ago`,
  ]);
  expect(foundOf({ ...loop, loopSilentMs: 6_000 })).toEqual([]);
  expect(foundOf({ ...loop, last: undefined })).toEqual([]);
});

test('a blocked loop is blamed on the task that the heartbeat thread saw in it', () => {
  const blocked = { silentMs: 11_000, taskId: 't-0', name: 'spin', place: 'spin (/h.mjs:3)' };
  expect(foundOf({ loopSilentMs: 12_000, running: 3, last, blocked })).toEqual([
    "warning: the event loop of worker 'w' has been blocked for 12 s: it runs task 'spin' (t-0) at spin (/h.mjs:3)",
  ]);
  // A report that is out of date makes no finding.
  expect(foundOf({ loopSilentMs: 100, running: 3, last, blocked })).toEqual([]);
});

test('a worker that is not heard at all is silent, and its loop is not called blocked', () => {
  expect(foundOf({ silentMs: 7_400, loopSilentMs: 900, running: 2, last })).toEqual([
    "warning: worker 'w' (here, pid 7) has not been heard for 7.4 s: its process is stopped, or its link is dead; it holds 2 tasks",
  ]);
  expect(foundOf({ silentMs: 6_000, running: 2, last })).toEqual([]);
});

const lostSlot = { pool: 0, taskId: 't-9', queue: 'q', name: 'hang', lostForMs: 12_000 };

test('slots that were lost to attempts without an end are a finding, critical when a pool has no other', () => {
  const reported = { loopLagMs: 0, rssBytes: 1, slots: 10, busySlots: 10, blocked: undefined };
  const message = "worker 'w' has lost";
  expect(foundOf({ report: { ...reported, lostSlots: 2, lost: [lostSlot] } })).toEqual([
    `warning: ${message} 2 of 10 slots to attempts that do not end; the longest, task 'hang' (t-9), was given up 12 s ago`,
  ]);
  const critical = [
    foundOf({ report: { ...reported, lostSlots: 10, lost: undefined } }),
    foundOf({ isStuck: true, report: { ...reported, lostSlots: 10, lost: undefined } }),
  ];
  for (const findings of critical) {
    expect(findings).toEqual([
      `critical: ${message} 10 of 10 slots to attempts that do not end, and a pool has no other: restart this worker`,
    ]);
  }
  expect(foundOf({ report: { ...reported, lostSlots: 0, lost: [] } })).toEqual([]);
  expect(foundOf({ report: { ...reported, lostSlots: undefined, lost: undefined } })).toEqual([]);
});

test('a pool whose process awaits a task behind it is a finding with the advice', () => {
  const deadlock = { worker: 'w', fullMs: 12_000, taskId: 't-2', name: 'child' };
  expect(found({ deadlocks: [deadlock] })).toEqual([
    "warning: a pool of worker 'w' has had no free slot for 12 s, and its process awaits task 'child' (t-2), which waits for a slot of the same pool: run parents and children in pools of their own (concurrency), or in other workers",
  ]);
});

test('dead tasks are a finding while they are kept, and critical when half of all tasks die', () => {
  const dying = (diedLately: number, endedLately: number, deadKept = diedLately) =>
    found({ queues: [queue({ diedLately, endedLately, deadKept })] });
  const message = "of queue 'q' died within the last 5 min, of";
  expect(dying(1, 200)).toEqual([`warning: 1 task ${message} 200 that ended`]);
  expect(dying(9, 9)).toEqual([`warning: 9 tasks ${message} 9 that ended`]);
  expect(dying(10, 20)).toEqual([`critical: 10 tasks ${message} 20 that ended`]);
  expect(dying(10, 21)).toEqual([`warning: 10 tasks ${message} 21 that ended`]);
  expect(dying(3, 3, 0)).toEqual([]);
});

test('a name in a command is one word of the shell', () => {
  const commandFor = (name: string) =>
    attention({ ...calm, queues: [queue({ name, isPaused: true, ready: 1 })] })[0]?.command;
  expect(commandFor('mail')).toBe('millrace queue show mail');
  expect(commandFor('$(touch pwned)')).toBe("millrace queue show '$(touch pwned)'");
  expect(commandFor("it's")).toBe(String.raw`millrace queue show 'it'\''s'`);
  expect(commandFor('--help')).toBe('millrace queue show -- --help');
});

test('an address whose sockets show no key is a finding while they fill its places', () => {
  expect(found({ crowds: [{ address: '10.0.0.7', evicted: 40, refused: 2 }] })).toEqual([
    'warning: connections from 10.0.0.7 show no key and fill the places for newcomers: 40 were cut off lately for newer ones, and 2 were refused',
  ]);
});

test('sockets that use up the files that may be open are a finding', () => {
  expect(found({ sockets: 880 })).toEqual([]);
  expect(found({ sockets: 882 })).toEqual([
    'warning: the manager holds 882 sockets, and may have 1024 files and sockets open: at that number new connections are cut off; raise the limit of open files (ulimit -n, LimitNOFILE)',
  ]);
  expect(found({ sockets: 990 })).toEqual([
    expect.stringMatching(/^critical: the manager holds 990/),
  ]);
  expect(found({ sockets: 1_000_000, openFilesMax: undefined })).toEqual([]);
});

test('a store is a finding when it is nearly full, and when it is slow', () => {
  const store = (options: Partial<Facts['store']>) => ({ store: { ...calm.store, ...options } });
  expect(found(store({ freeBytes: 300 * MIB }))).toEqual([
    'warning: the store has 300 MiB left; below 64 MiB nothing new is accepted',
  ]);
  expect(found(store({ freeBytes: 60 * MIB }))).toEqual([
    'critical: the store has 60 MiB left, below its reserve: nothing new is accepted',
  ]);
  expect(found(store({ commitMs: 800 }))).toEqual([
    'warning: a commit of the store takes 0.8 s, and every answer waits for a commit',
  ]);
});

test('a document shows the worst hundred findings, each with a command that looks closer', () => {
  const notices = attention({
    ...calm,
    waiting: Array.from({ length: 200 }, (_, n) => ({
      queue: `q${n}`,
      name: 'x',
      version: 1,
      oldestMs: n === 150 ? 90_000 : 10_000,
    })),
  });
  expect(notices).toHaveLength(200);
  const findings = worstOf(notices);
  expect(findings).toHaveLength(100);
  expect(findings[0]).toEqual({
    severity: 'critical',
    kind: 'queue-unhandled',
    subject: 'q150',
    message: expect.stringContaining("task 'x' of queue 'q150'"),
    command: 'millrace queue show q150',
  });
});

test('a delayed schedule and a clock that was set back are findings', () => {
  const delayed = new Map([
    ['nightly', "queue 'q' holds 1 of 1 items"],
    ['hourly', 'the same'],
  ]);
  const schedules = { total: 3, paused: 0, delayed, setBack: 2 };
  const notices = attention({ ...calm, schedules });
  expect(notices.map(({ kind, message }) => `${kind}: ${message}`)).toEqual([
    "schedule-delayed: schedule 'nightly' is due and its task cannot be added: queue 'q' holds 1 of 1 items; 1 more is delayed, too",
    'clock-set-back: the clock was set back by more than an hour: schedules go on from the new time, 2 of them earlier than they would have',
  ]);
});
