import { type Finding, ITEM_NAME, limits, type QueueStatus, type Status } from '@millrace/protocol';
import type { HeldTask, LostSession, WaitingLane } from '../engine/core/verbs/reports.ts';
import type { Crowd } from '../peers/admission.ts';
import type { LostWorker } from '../peers/lost-workers.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const MIB = 1_024 * 1_024;

/** A healthy loop answers within the heartbeat's idle time and one interval. */
const SILENT_MS = limits.heartbeatIdleMs + 2 * limits.heartbeatIntervalMs;

/** A worker whose process is heard while its main loop is silent. */
export interface SilentLoop {
  readonly name: string;
  readonly silentMs: number;
  readonly running: number;
  readonly last: HeldTask | undefined;
}

/** A finding with the task name that it is about, because several names of one queue may be unhandled. */
export interface Notice extends Finding {
  readonly taskName?: string;
}

/** The facts that findings are made from. */
export interface Facts {
  readonly nowMs: number;
  readonly queues: readonly QueueStatus[];
  readonly waiting: readonly WaitingLane[];
  readonly isHandled: (queue: string, name: string) => boolean;
  readonly silentLoops: readonly SilentLoop[];
  readonly lostWorkers: readonly LostWorker[];
  readonly lostSessions: readonly LostSession[];
  readonly store: Status['store'];
  /** The worst first. */
  readonly crowds: readonly Crowd[];
}

/** A duration as people read it. */
const spoken = (ms: number): string => {
  if (ms < 10 * SECOND_MS) {
    return `${(ms / SECOND_MS).toFixed(1)} s`;
  }
  if (ms < 2 * MINUTE_MS) {
    return `${Math.round(ms / SECOND_MS)} s`;
  }
  const minutes = Math.round(ms / MINUTE_MS);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
};

const tasks = (count: number): string => (count === 1 ? '1 task' : `${count} tasks`);

const unhandledQueues = ({ isHandled, queues, waiting }: Facts): Notice[] => {
  const paused = new Set(queues.filter(({ isPaused }) => isPaused).map(({ name }) => name));
  return waiting.flatMap(({ name, oldestMs, queue }): Notice[] => {
    const waitsMs = oldestMs ?? limits.unhandledMs;
    const isFinding = name !== ITEM_NAME && waitsMs >= limits.unhandledMs && !paused.has(queue);
    if (!isFinding || isHandled(queue, name)) {
      return [];
    }
    const since = oldestMs === undefined ? 'waits' : `has waited ${spoken(oldestMs)}`;
    return [
      {
        severity: waitsMs >= limits.unhandledCriticalMs ? 'critical' : 'warning',
        kind: 'queue-unhandled',
        subject: queue,
        taskName: name,
        message: `task '${name}' of queue '${queue}' ${since} and no connected worker handles it`,
        command: `millrace queue show ${queue}`,
      },
    ];
  });
};

const growing = (queue: QueueStatus): Finding | undefined => {
  const { inPerSecond, isPaused, maxItems, name, oldestWaitingMs, outPerSecond, ready } = queue;
  const growth = inPerSecond - outPerSecond;
  const isOld = oldestWaitingMs === null || oldestWaitingMs >= limits.growingMs;
  if (isPaused || growth <= 0 || ready < limits.growingTasks || !isOld) {
    return undefined;
  }
  const freeItems = Math.max(0, maxItems - ready - queue.running - queue.scheduled);
  const fullInMs = (freeItems / growth) * SECOND_MS;
  const isFullSoon = fullInMs < limits.fullSoonMs;
  const end = isFullSoon ? `; it will be full in ${spoken(fullInMs)}` : '';
  return {
    severity: isFullSoon ? 'critical' : 'warning',
    kind: 'queue-growing',
    subject: name,
    message: `queue '${name}' grows: ${tasks(ready)} ready, ${inPerSecond.toFixed(1)} a second arrive and ${outPerSecond.toFixed(1)} leave${end}`,
    command: `millrace queue show ${name}`,
  };
};

const paused = ({ isPaused, name, ready }: QueueStatus): Finding | undefined =>
  isPaused && ready > 0
    ? {
        severity: 'warning',
        kind: 'queue-paused',
        subject: name,
        message: `queue '${name}' is paused, with ${tasks(ready)} ready`,
        command: `millrace queue show ${name}`,
      }
    : undefined;

const silentLoop = ({ last, name, running, silentMs }: SilentLoop): Finding[] => {
  if (last === undefined || silentMs < SILENT_MS) {
    return [];
  }
  const task = `'${last.name}' (${last.taskId})`;
  const held = spoken(last.heldMs);
  const what =
    running === 1
      ? `it has run task ${task} for ${held}`
      : `it holds ${running} tasks; the latest, ${task}, was granted ${held} ago`;
  return [
    {
      severity: silentMs >= limits.loopBlockedCriticalMs ? 'critical' : 'warning',
      kind: 'loop-blocked',
      subject: name,
      message: `the event loop of worker '${name}' has been blocked for ${spoken(silentMs)}: ${what}`,
      command: `millrace task show ${last.taskId}`,
    },
  ];
};

const lostWorkers = ({ lostSessions, lostWorkers: lost, nowMs }: Facts): Finding[] => {
  const left = new Map(lostSessions.map((session) => [session.sessionId, session]));
  const known = lost.map(({ description, leases, lostAtMs, sessionId }): Finding => {
    const { host, name, pid } = description;
    const present = left.get(sessionId);
    left.delete(sessionId);
    const what =
      present === undefined
        ? `${tasks(leases)} of it went back to their queues`
        : `${tasks(present.leases)} of it will be granted again in ${spoken(present.returnInMs)}`;
    return {
      severity: 'warning',
      kind: 'worker-lost',
      subject: name,
      message: `worker '${name}' (${host}, pid ${pid}) was lost ${spoken(nowMs - lostAtMs)} ago; ${what}`,
      command: 'millrace worker ls',
    };
  });
  const unknown = [...left.values()].map(
    ({ leases, returnInMs, sessionId }): Finding => ({
      severity: 'warning',
      kind: 'worker-lost',
      subject: sessionId,
      message: `session ${sessionId} has not come back since the manager started; ${tasks(leases)} of it will be granted again in ${spoken(returnInMs)}`,
      command: 'millrace worker ls',
    }),
  );
  return [...known, ...unknown];
};

const store = ({ commitMs, freeBytes, kind, reserveBytes }: Status['store']): Finding[] => {
  const about = { subject: kind, command: 'millrace check store' } as const;
  const free = `${Math.round(freeBytes / MIB)} MiB`;
  const findings: Finding[] = [];
  if (freeBytes < reserveBytes) {
    const message = `the store has ${free} left, below its reserve: nothing new is accepted`;
    findings.push({ severity: 'critical', kind: 'store-filling', message, ...about });
  } else if (freeBytes < reserveBytes * limits.fillingReserves) {
    const reserve = `${Math.round(reserveBytes / MIB)} MiB`;
    const message = `the store has ${free} left; below ${reserve} nothing new is accepted`;
    findings.push({ severity: 'warning', kind: 'store-filling', message, ...about });
  }
  if (commitMs > limits.slowCommitMs) {
    const message = `a commit of the store takes ${spoken(commitMs)}, and every answer waits for a commit`;
    findings.push({ severity: 'warning', kind: 'store-slow', message, ...about });
  }
  return findings;
};

const crowd = ({ address, evicted, refused }: Crowd): Finding => {
  const from = address === '' ? 'other addresses' : address;
  return {
    severity: 'warning',
    kind: 'address-crowded',
    subject: from,
    message: `connections from ${from} show no key and fill the places for newcomers: ${evicted} were cut off lately for newer ones, and ${refused} were refused`,
    command: 'millrace status --json',
  };
};

const rank = { critical: 0, warning: 1 } as const;

/** Everything that an operator should look at, the worst first. Costs a look at each queue, worker and lane. */
export const attention = (facts: Facts): Notice[] =>
  [
    ...store(facts.store),
    ...facts.silentLoops.flatMap(silentLoop),
    ...lostWorkers(facts),
    ...facts.crowds.map(crowd),
    ...unhandledQueues(facts),
    ...facts.queues.flatMap((queue) => growing(queue) ?? paused(queue) ?? []),
  ].toSorted((a, b) => rank[a.severity] - rank[b.severity]);

/** The worst findings, as many as a status document has. */
export const worstOf = (notices: readonly Notice[]): Finding[] =>
  notices.slice(0, limits.findingsMax).map(({ command, kind, message, severity, subject }) => ({
    severity,
    kind,
    subject,
    message,
    command,
  }));
