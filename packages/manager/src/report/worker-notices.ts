import { type Finding, limits, type PeerReport } from '@millrace/protocol';
import type { HeldTask, LostSession } from '../engine/core/verbs/reports.ts';
import type { LostWorker } from '../peers/lost-workers.ts';
import { quoted, spoken, tasks } from './wording.ts';

/** A healthy process answers within the heartbeat's idle time and one interval. */
const SILENT_MS = limits.heartbeatIdleMs + 2 * limits.heartbeatIntervalMs;

/** A healthy loop is heard as lately as its process, but for the time between two questions. */
export const LOOP_SILENT_MS = limits.heartbeatIdleMs + limits.heartbeatIntervalMs;

/** A connected worker, as far as findings need it. */
export interface WorkerFact {
  readonly name: string;
  readonly host: string;
  readonly pid: number;
  /** Time since its process was heard. */
  readonly silentMs: number;
  /** How long its process was heard without its main loop. */
  readonly loopSilentMs: number;
  readonly running: number;
  /** The latest grant among the tasks that it holds. */
  readonly last: HeldTask | undefined;
  readonly report: PeerReport | undefined;
  /** What its heartbeat thread says of a loop that is silent. */
  readonly blocked: PeerReport['blocked'];
  /** Whether a pool of it has no free slot, and as many lost ones as it has slots. */
  readonly isStuck: boolean;
}

/** A pool that is full, and behind which a task is ready that its own process awaits. */
export interface Deadlock {
  readonly worker: string;
  readonly fullMs: number;
  readonly taskId: string;
  readonly name: string;
}

/** The facts about workers that findings are made from. */
export interface WorkerFacts {
  readonly nowMs: number;
  readonly workers: readonly WorkerFact[];
  readonly deadlocks: readonly Deadlock[];
  readonly lostWorkers: readonly LostWorker[];
  readonly lostSessions: readonly LostSession[];
}

const whatRuns = ({ blocked, last, running }: WorkerFact): string | undefined => {
  if (blocked?.taskId !== undefined) {
    const place = blocked.place === undefined ? '' : ` at ${blocked.place}`;
    return `it runs task '${blocked.name ?? ''}' (${blocked.taskId})${place}`;
  }
  if (last === undefined) {
    return undefined;
  }
  const task = `'${last.name}' (${last.taskId})`;
  const held = spoken(last.heldMs);
  return running === 1
    ? `it has run task ${task} for ${held}`
    : `it holds ${running} tasks; the latest, ${task}, was granted ${held} ago`;
};

const blockedLoop = (worker: WorkerFact): Finding | undefined => {
  const { blocked, last, loopSilentMs, name } = worker;
  const what = whatRuns(worker);
  const taskId = blocked?.taskId ?? last?.taskId ?? '';
  return what === undefined || loopSilentMs <= LOOP_SILENT_MS
    ? undefined
    : {
        severity: loopSilentMs >= limits.loopBlockedCriticalMs ? 'critical' : 'warning',
        kind: 'loop-blocked',
        subject: name,
        message: `the event loop of worker '${name}' has been blocked for ${spoken(loopSilentMs)}: ${what}`,
        command: `millrace task show ${quoted(taskId)}`,
      };
};

const silent = ({ host, name, pid, running, silentMs }: WorkerFact): Finding | undefined =>
  silentMs < SILENT_MS
    ? undefined
    : {
        severity: 'warning',
        kind: 'worker-silent',
        subject: name,
        message: `worker '${name}' (${host}, pid ${pid}) has not been heard for ${spoken(silentMs)}: its process is stopped, or its link is dead; it holds ${tasks(running)}`,
        command: `millrace worker show ${quoted(name)}`,
      };

const lostSlots = ({ isStuck, name, report }: WorkerFact): Finding | undefined => {
  const lost = report?.lostSlots ?? 0;
  if (report === undefined || lost === 0) {
    return undefined;
  }
  const longest = (report.lost ?? []).toSorted((a, b) => b.lostForMs - a.lostForMs)[0];
  const which =
    longest === undefined
      ? ''
      : `; the longest, task '${longest.name}' (${longest.taskId}), was given up ${spoken(longest.lostForMs)} ago`;
  const isCritical = isStuck || lost >= report.slots;
  const end = isCritical ? ', and a pool has no other: restart this worker' : '';
  return {
    severity: isCritical ? 'critical' : 'warning',
    kind: 'slots-lost',
    subject: name,
    message: `worker '${name}' has lost ${lost} of ${report.slots} slots to attempts that do not end${which}${end}`,
    command: `millrace worker show ${quoted(name)}`,
  };
};

const deadlock = ({ fullMs, name, taskId, worker }: Deadlock): Finding => ({
  severity: 'warning',
  kind: 'pool-deadlocked',
  subject: worker,
  message: `a pool of worker '${worker}' has had no free slot for ${spoken(fullMs)}, and its process awaits task '${name}' (${taskId}), which waits for a slot of the same pool: run parents and children in pools of their own (concurrency), or in other workers`,
  command: `millrace worker show ${quoted(worker)}`,
});

const lostWorkers = ({ lostSessions, lostWorkers: lost, nowMs }: WorkerFacts): Finding[] => {
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

/** Everything about workers that an operator should look at. */
export const workerNotices = (facts: WorkerFacts): Finding[] => [
  ...facts.workers.flatMap((worker) => blockedLoop(worker) ?? []),
  ...facts.workers.flatMap((worker) => silent(worker) ?? []),
  ...facts.workers.flatMap((worker) => lostSlots(worker) ?? []),
  ...facts.deadlocks.map(deadlock),
  ...lostWorkers(facts),
];
