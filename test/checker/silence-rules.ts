import type { EventOf, Recorded } from './history.ts';
import type { TaskLife } from './lives.ts';
import type { Failure, FailureClass } from './verdict.ts';

/** The time after a deadline in which the end of an attempt may still be reported. */
const DEADLINE_GRACE_MS = 11_000;
const DRAIN_MS = 25_000;
/** An event loop is blocked only after this silence. */
const SILENT_MS = 2_000;
/** The longest silence if no deadline ends it earlier. */
const SILENT_MAX_MS = 900_000;
/** The watchdog looks four times a second, and the loop shows four times a second that it runs. */
const LOOK_SLACK_MS = 1_000;

/** One run on a worker. Without an end it lasts as long as the worker. */
interface Run {
  readonly task: string;
  readonly fromMs: number;
  readonly untilMs: number;
  /** The time until which the end of the run can be reported. */
  readonly dueMs: number;
}

/** The events of one life of a worker. */
interface WorkerLife {
  readonly worker: string;
  readonly runs: readonly Run[];
  readonly loops: readonly EventOf<'loop'>[];
}

const runsOf = (lives: readonly TaskLife[]): Map<string, Run[]> => {
  const runs = new Map<string, Run[]>();
  for (const { deadlineMs, events, task } of lives) {
    const ends = new Map(
      events.flatMap((event) => (event.kind === 'end' ? [[event.run, event.atMs]] : [])),
    );
    for (const event of events) {
      if (event.kind === 'start') {
        const { atMs, run, worker } = event;
        const dueMs = atMs + (deadlineMs ?? Number.POSITIVE_INFINITY) + DEADLINE_GRACE_MS;
        const untilMs = ends.get(run) ?? Number.POSITIVE_INFINITY;
        const ofWorker = runs.get(worker) ?? [];
        ofWorker.push({ task, fromMs: atMs, untilMs, dueMs });
        runs.set(worker, ofWorker);
      }
    }
  }
  return runs;
};

const readWorkers = (lives: readonly TaskLife[], history: readonly Recorded[]): WorkerLife[] => {
  const loops = new Map<string, EventOf<'loop'>[]>();
  for (const event of history) {
    if (event.kind === 'loop') {
      const ofWorker = loops.get(event.worker) ?? [];
      ofWorker.push(event);
      loops.set(event.worker, ofWorker);
    }
  }
  const runs = runsOf(lives);
  return [...loops].map(([worker, ofWorker]) => ({
    worker,
    runs: runs.get(worker) ?? [],
    loops: ofWorker,
  }));
};

/** The runs that have begun but not ended at this time. */
const openAt = ({ runs }: WorkerLife, atMs: number): Run[] =>
  runs.filter(({ fromMs, untilMs }) => fromMs <= atMs && untilMs > atMs);

const toldToStopMs = ({ loops }: WorkerLife): number =>
  loops.find(({ is }) => is === 'told to stop')?.atMs ?? Number.POSITIVE_INFINITY;

const failure = (failureClass: FailureClass, task: string, message: string): Failure => ({
  class: failureClass,
  task,
  message,
});

/** The watchdog may end a worker only when none of its attempts can end in time any more. */
export const endedEarly = (lives: readonly TaskLife[], history: readonly Recorded[]): Failure[] =>
  readWorkers(lives, history).flatMap((life) =>
    life.loops
      .filter(({ is }) => is === 'ended by its watchdog')
      .filter(({ atMs }) => atMs < toldToStopMs(life) + DRAIN_MS - LOOK_SLACK_MS)
      .flatMap(({ atMs, worker }) =>
        openAt(life, atMs)
          .filter(({ dueMs, fromMs }) => atMs < Math.min(dueMs, fromMs + SILENT_MAX_MS))
          .map(({ task }) =>
            failure(
              'ended early',
              task,
              `the watchdog ended ${worker} although the run could still be reported`,
            ),
          ),
      ),
  );

/** A stretch of time in which a loop did not run, or ran too shortly to show it. */
interface Silence {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** The silences of a worker that have ended. Two silences with little time in between count as one. */
const silencesOf = ({ loops }: WorkerLife): Silence[] => {
  const silences: Silence[] = [];
  let fromMs: number | undefined;
  for (const { atMs, is } of loops.filter((event) => event.is !== 'told to stop')) {
    const before = silences.at(-1);
    if (is === 'blocked' && before !== undefined && atMs - before.untilMs < LOOK_SLACK_MS) {
      silences.pop();
      fromMs = before.fromMs;
    } else if (is === 'blocked') {
      fromMs = atMs;
    } else if (fromMs !== undefined) {
      silences.push({ fromMs, untilMs: atMs });
      fromMs = undefined;
    }
  }
  return silences;
};

/** The time until which a worker must have ended, or its loop must have run again. */
const silentUntilMs = (life: WorkerLife, { fromMs, untilMs }: Silence): number => {
  // The watchdog knows the runs of the last time that the loop showed them.
  const shownMs = fromMs - LOOK_SLACK_MS;
  const lastMs = life.runs
    .filter((run) => run.fromMs <= untilMs && run.untilMs > shownMs)
    .reduce((ms, { dueMs }) => Math.max(ms, dueMs), 0);
  const endMs = Math.min(lastMs, fromMs + SILENT_MAX_MS, toldToStopMs(life) + DRAIN_MS);
  return Math.max(endMs, fromMs + SILENT_MS) + LOOK_SLACK_MS;
};

/**
 * A worker whose event loop is blocked by a task must end when none of its attempts can end in time
 * any more, and within its time to drain. Paused processes are not judged, because a pause stops
 * the watchdog, too.
 */
export const silentTooLong = (
  lives: readonly TaskLife[],
  history: readonly Recorded[],
): Failure[] => {
  const isPaused = history.some(
    (event) => event.kind === 'fault' && event.fault === 'pause worker',
  );
  if (isPaused) {
    return [];
  }
  return readWorkers(lives, history).flatMap((life) =>
    silencesOf(life).flatMap((silence) => {
      const lateMs = silence.untilMs - silentUntilMs(life, silence);
      return lateMs > 0
        ? [
            failure(
              'silent too long',
              openAt(life, silence.fromMs)[0]?.task ?? '',
              `the event loop of ${life.worker} was blocked ${Math.round(lateMs)} ms longer than allowed`,
            ),
          ]
        : [];
    }),
  );
};
