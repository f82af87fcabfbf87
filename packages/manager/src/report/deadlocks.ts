import { limits } from '@millrace/protocol';
import { laneKeyOf } from '../engine/core/handles.ts';
import type { WaitingLane } from '../engine/core/verbs/reports.ts';
import type { Engine } from '../engine/engine.ts';
import type { PeerSession } from '../peers/session.ts';
import { tuning } from '../tuning.ts';
import type { PoolRoom } from '../waiting/peer.ts';
import type { Deadlock } from './worker-notices.ts';

/** A pool without room, since when, and how many grants it had then. */
interface Full {
  readonly sent: number;
  readonly sinceMs: number;
}

const processOf = ({ description: { host, pid } }: PeerSession): string => `${pid} ${host}`;

/**
 * Finds pools whose own process waits for a task that waits for a slot of the same pool:
 * the handlers of parents hold all slots, and await children behind them.
 */
export class Deadlocks {
  readonly #engine: Engine;
  #full = new Map<PoolRoom, Full>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Notes which pools have no room. Called at an interval. */
  sample(workers: Iterable<PeerSession>, nowMs: number): void {
    const before = this.#full;
    this.#full = new Map();
    for (const { pools } of workers) {
      for (const pool of pools) {
        if (pool.room() === 0 && pool.handles.length > 0) {
          const last = before.get(pool);
          const isAsBefore = last?.sent === pool.sent;
          this.#full.set(pool, isAsBefore ? last : { sent: pool.sent, sinceMs: nowMs });
        }
      }
    }
  }

  /** Costs nothing unless a pool has had no room for long while tasks wait for it. */
  find(
    workers: readonly PeerSession[],
    sessions: Iterable<PeerSession>,
    waiting: readonly WaitingLane[],
    nowMs: number,
  ): Deadlock[] {
    const ready = new Set(waiting.map(laneKeyOf));
    const suspects = workers.flatMap((session) =>
      session.pools
        .filter((pool) => this.#isSuspect(pool, ready, nowMs))
        .map((pool) => ({ pool, session })),
    );
    if (suspects.length === 0) {
      return [];
    }
    const awaited = awaitedByProcess(sessions);
    return suspects.flatMap(({ pool, session }): Deadlock[] => {
      const handles = new Set(pool.handles.map(laneKeyOf));
      for (const taskId of awaited.get(processOf(session)) ?? []) {
        const lane = this.#engine.readyTask(taskId);
        if (lane !== undefined && handles.has(laneKeyOf(lane))) {
          const fullMs = nowMs - (this.#full.get(pool)?.sinceMs ?? nowMs);
          return [{ worker: session.description.name, fullMs, taskId, name: lane.name }];
        }
      }
      return [];
    });
  }

  #isSuspect(pool: PoolRoom, ready: ReadonlySet<string>, nowMs: number): boolean {
    const full = this.#full.get(pool);
    return (
      full !== undefined &&
      nowMs - full.sinceMs >= limits.deadlockedMs &&
      pool.handles.some((handle) => ready.has(laneKeyOf(handle)))
    );
  }
}

/** Some of the tasks whose outcomes the clients of each process await. */
const awaitedByProcess = (sessions: Iterable<PeerSession>): Map<string, string[]> => {
  const awaited = new Map<string, string[]>();
  for (const session of sessions) {
    const taskIds = session.awaitedTasks(tuning.awaitedLooksMax);
    if (taskIds.length > 0) {
      const process = processOf(session);
      awaited.set(process, [...(awaited.get(process) ?? []), ...taskIds]);
    }
  }
  return awaited;
};
