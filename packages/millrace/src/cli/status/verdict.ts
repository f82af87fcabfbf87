import { limits, type QueueStatus, type Status, type WorkerStatus } from '@millrace/protocol';
import { bytes, duration } from '../units.ts';

/** Also the exit codes of `status` and `check`, as monitoring systems expect them. */
export const levels = { ok: 0, warning: 1, critical: 2, unreachable: 3 } as const;
export type Level = Exclude<keyof typeof levels, 'unreachable'>;

/** Something to look at, and the command that looks closer. */
export interface Concern {
  readonly level: Exclude<Level, 'ok'>;
  readonly about: 'store' | 'queue' | 'worker';
  readonly text: string;
  readonly command: string;
}

const MIB = 1024 * 1024;
/** The store keeps 64 MiB at most for results and deletes, and takes nothing new below that. */
const FREE_CRITICAL_BYTES = 64 * MIB;
const FREE_WARNING_BYTES = 1_024 * MIB;
const COMMIT_WARNING_MS = 1_000;
const LAG_WARNING_MS = 1_000;
/** A peer that is silent for longer than its heartbeats allow is about to be given up. */
const SILENT_MS = limits.heartbeatIdleMs + limits.heartbeatIntervalMs;
const FULL_WARNING_SHARE = 0.8;

export const storeConcerns = ({ store }: Status): Concern[] => {
  if (store.kind === 'memory') {
    return [];
  }
  const concerns: Concern[] = [];
  if (store.freeBytes < FREE_WARNING_BYTES) {
    const level = store.freeBytes < FREE_CRITICAL_BYTES ? 'critical' : 'warning';
    const text = `store: ${bytes(store.freeBytes)} free on its disk`;
    concerns.push({ level, about: 'store', text, command: 'millrace check store' });
  }
  if (store.commitMs > COMMIT_WARNING_MS) {
    const text = `store: a commit takes ${duration(store.commitMs)}`;
    concerns.push({ level: 'warning', about: 'store', text, command: 'millrace check store' });
  }
  return concerns;
};

const queueConcerns = (queue: QueueStatus, workers: number): Concern[] => {
  const command = `millrace queue show ${queue.name}`;
  const concerns: Concern[] = [];
  const held = queue.ready + queue.running + queue.scheduled;
  if (held >= queue.maxItems * FULL_WARNING_SHARE) {
    const level = held >= queue.maxItems ? 'critical' : 'warning';
    const text = `queue ${queue.name}: holds ${held} of at most ${queue.maxItems}`;
    concerns.push({ level, about: 'queue', text, command });
  }
  if (queue.ready > 0 && workers === 0) {
    const text = `queue ${queue.name}: ${queue.ready} wait and no worker is connected`;
    concerns.push({ level: 'warning', about: 'queue', text, command });
  }
  return concerns;
};

const workerConcerns = (worker: WorkerStatus): Concern[] => {
  const command = `millrace worker show ${worker.name}`;
  const { loopHeardMsAgo, loopLagMs, name, processHeardMsAgo } = worker;
  const concern = (text: string): Concern[] => [
    { level: 'warning', about: 'worker', text: `worker ${name}: ${text}`, command },
  ];
  if (processHeardMsAgo > SILENT_MS) {
    return concern(`nothing heard for ${duration(processHeardMsAgo)}`);
  }
  if (loopHeardMsAgo === null || loopHeardMsAgo > SILENT_MS) {
    const since = loopHeardMsAgo === null ? '' : ` for ${duration(loopHeardMsAgo)}`;
    return concern(`its event loop does not answer${since}`);
  }
  return (loopLagMs ?? 0) > LAG_WARNING_MS
    ? concern(`its event loop was blocked for ${duration(loopLagMs ?? 0)}`)
    : [];
};

export const lagConcerns = (status: Status): Concern[] => status.workers.flatMap(workerConcerns);

/** What needs attention, the gravest first. */
export const concernsOf = (status: Status): Concern[] => {
  const all = [
    ...storeConcerns(status),
    ...status.queues.flatMap((queue) => queueConcerns(queue, status.workers.length)),
    ...lagConcerns(status),
  ];
  return all.toSorted((a, b) => levels[b.level] - levels[a.level]);
};

export const levelOf = (concerns: readonly Concern[]): Level =>
  concerns.reduce<Level>(
    (worst, { level }) => (levels[level] > levels[worst] ? level : worst),
    'ok',
  );
