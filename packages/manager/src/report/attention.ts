import { type Finding, ITEM_NAME, limits, type QueueStatus, type Status } from '@millrace/protocol';
import type { SchedulesReport, WaitingLane } from '../engine/core/verbs/reports.ts';
import type { Crowd } from '../peers/admission.ts';
import { type Notice, quoted, quotedValue, spoken, tasks } from './wording.ts';
import { type WorkerFacts, workerNotices } from './worker-notices.ts';

const SECOND_MS = 1_000;
const MIB = 1_024 * 1_024;

/** The facts that findings are made from. */
export interface Facts extends WorkerFacts {
  readonly queues: readonly QueueStatus[];
  readonly waiting: readonly WaitingLane[];
  readonly isHandled: (lane: WaitingLane) => boolean;
  readonly schedules: SchedulesReport;
  readonly store: Status['store'];
  /** Open sockets, and the files and sockets that the process may have open, if the system says. */
  readonly sockets: number;
  readonly openFilesMax: number | undefined;
  /** The worst first. */
  readonly crowds: readonly Crowd[];
}

const unhandledQueues = ({ isHandled, queues, waiting }: Facts): Notice[] => {
  const paused = new Set(queues.filter(({ isPaused }) => isPaused).map(({ name }) => name));
  return waiting.flatMap((lane): Notice[] => {
    const { name, oldestMs, queue, version } = lane;
    const waitsMs = oldestMs ?? limits.unhandledMs;
    const isFinding = name !== ITEM_NAME && waitsMs >= limits.unhandledMs && !paused.has(queue);
    if (!isFinding || isHandled(lane)) {
      return [];
    }
    const since = oldestMs === undefined ? 'waits' : `has waited ${spoken(oldestMs)}`;
    return [
      {
        severity: waitsMs >= limits.unhandledCriticalMs ? 'critical' : 'warning',
        kind: 'queue-unhandled',
        subject: queue,
        taskName: name,
        message: `${version === 1 ? '' : `version ${version} of `}task '${name}' of queue '${queue}' ${since} and no connected worker handles it`,
        command: `millrace queue show ${quoted(queue)}`,
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
    command: `millrace queue show ${quoted(name)}`,
  };
};

const paused = ({ isPaused, name, ready }: QueueStatus): Finding | undefined =>
  isPaused && ready > 0
    ? {
        severity: 'warning',
        kind: 'queue-paused',
        subject: name,
        message: `queue '${name}' is paused, with ${tasks(ready)} ready`,
        command: `millrace queue show ${quoted(name)}`,
      }
    : undefined;

const dying = ({ deadKept, diedLately, endedLately, name }: QueueStatus): Finding | undefined => {
  const isCritical = diedLately >= limits.deathsCritical && diedLately * 2 >= endedLately;
  const most = spoken(2 * limits.deathsShownMs);
  return diedLately > 0 && deadKept > 0
    ? {
        severity: isCritical ? 'critical' : 'warning',
        kind: 'tasks-dying',
        subject: name,
        message: `${tasks(diedLately)} of queue '${name}' died within the last ${most}, of ${endedLately} that ended`,
        command: `millrace dead ls --queue ${quotedValue(name)}`,
      }
    : undefined;
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

const openFiles = ({ openFilesMax, sockets }: Facts): Finding[] => {
  const most = openFilesMax ?? Number.POSITIVE_INFINITY;
  const used = sockets + limits.openFilesOwn;
  return used < most * limits.openFilesShare
    ? []
    : [
        {
          severity: used >= most ? 'critical' : 'warning',
          kind: 'files-scarce',
          subject: 'manager',
          message: `the manager holds ${sockets} sockets, and may have ${most} files and sockets open: at that number new connections are cut off; raise the limit of open files (ulimit -n, LimitNOFILE)`,
          command: 'millrace status --json',
        },
      ];
};

const schedules = ({ delayed, setBack }: SchedulesReport): Finding[] => {
  const [first] = delayed;
  const others = delayed.size - 1;
  const more = others > 0 ? `; ${others} more ${others === 1 ? 'is' : 'are'} delayed, too` : '';
  return [
    ...(first === undefined
      ? []
      : [
          {
            severity: 'warning',
            kind: 'schedule-delayed',
            subject: first[0],
            message: `schedule '${first[0]}' is due and its task cannot be added: ${first[1]}${more}`,
            command: `millrace schedule show ${quoted(first[0])}`,
          } as const,
        ]),
    ...(setBack === 0
      ? []
      : [
          {
            severity: 'warning',
            kind: 'clock-set-back',
            subject: 'manager',
            message: `the clock was set back by more than an hour: schedules go on from the new time, ${setBack} of them earlier than they would have`,
            command: 'millrace schedule ls',
          } as const,
        ]),
  ];
};

const rank = { critical: 0, warning: 1 } as const;

/** Everything that an operator should look at, the worst first. Costs a look at each queue, worker and lane. */
export const attention = (facts: Facts): Notice[] =>
  [
    ...store(facts.store),
    ...workerNotices(facts),
    ...facts.crowds.map(crowd),
    ...openFiles(facts),
    ...schedules(facts.schedules),
    ...unhandledQueues(facts),
    ...facts.queues.flatMap((queue) => dying(queue) ?? []),
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
