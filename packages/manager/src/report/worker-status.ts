import { limits, type WorkerStatus } from '@millrace/protocol';
import type { Engine } from '../engine/engine.ts';
import type { LostWorker } from '../peers/lost-workers.ts';
import type { PeerSession } from '../peers/session.ts';
import { LOOP_SILENT_MS, type WorkerFact } from './worker-notices.ts';

/** A process is heard over every connection of its session, its main loop over the main one. */
const processHeardAtMs = ({ heartbeatConnections, main }: PeerSession): number =>
  Math.max(
    ...[main, ...heartbeatConnections].map((connection) => connection?.pulse.heardAtMs ?? 0),
  );

/** How long the process was heard without its loop. Where neither is heard, this stops growing. */
const loopSilentMsOf = (session: PeerSession): number =>
  Math.max(0, processHeardAtMs(session) - session.loopHeardAtMs);

/**
 * Slots without room. The credits of the pools are newer than the report, but a worker
 * that drains has withdrawn its pools.
 */
const busySlotsOf = ({ main, pools }: PeerSession): number => {
  const report = main?.pulse.report;
  if (report === undefined) {
    return 0;
  }
  const areDeclared = pools.length > 0 && pools.every(({ handles }) => handles.length > 0);
  const room = pools.reduce((sum, pool) => sum + pool.room(), 0);
  return areDeclared ? Math.max(0, report.slots - room) : report.busySlots;
};

/** What a status says of a worker. */
export const workerStatus = (
  engine: Engine,
  session: PeerSession,
  nowMs: number,
  handlesMax: number,
): WorkerStatus => {
  const pulse = session.main?.pulse;
  const { host, name, pid } = session.description;
  const loopSilentMs = loopSilentMsOf(session);
  return {
    sessionId: session.sessionId,
    name,
    host,
    pid,
    state: session.isDraining ? 'draining' : 'working',
    isDraining: session.isDraining,
    slots: pulse?.report?.slots ?? 0,
    busySlots: busySlotsOf(session),
    lostSlots: pulse?.report?.lostSlots ?? 0,
    running: engine.leaseCount(session.sessionId),
    processHeardMsAgo: Math.round(nowMs - processHeardAtMs(session)),
    loopHeardMsAgo: pulse === undefined ? null : Math.round(nowMs - pulse.heardAtMs),
    loopBlockedMs: loopSilentMs <= LOOP_SILENT_MS ? 0 : Math.round(loopSilentMs),
    roundTripMs: pulse?.roundTripMs ?? null,
    loopLagMs: pulse?.report?.loopLagMs ?? null,
    rssBytes: pulse?.report?.rssBytes ?? null,
    handles: session.handles.slice(0, handlesMax).map(({ name: task, queue, version }) => ({
      queue,
      name: task,
      ...(version === undefined ? {} : { version }),
    })),
  };
};

/** The status of a lost worker: who it was, and the leases that it still holds. */
export const lostWorkerStatus = (lost: LostWorker, nowMs: number): WorkerStatus => {
  const { host, name, pid } = lost.description;
  return {
    sessionId: lost.sessionId,
    name,
    host,
    pid,
    state: 'lost',
    isDraining: lost.isDraining,
    slots: 0,
    busySlots: 0,
    lostSlots: 0,
    running: lost.leases,
    processHeardMsAgo: Math.round(nowMs - lost.lostAtMs),
    loopHeardMsAgo: null,
    loopBlockedMs: 0,
    roundTripMs: null,
    loopLagMs: null,
    rssBytes: null,
    handles: [],
  };
};

/** How many handles of each worker a status says, so that it fits. */
export const handlesMaxOf = (workers: number): number =>
  Math.max(1, Math.floor(limits.statusHandlesMax / Math.max(1, workers)));

/** Whether a pool has no room, and lost as many slots as it ever had free. */
const isStuck = (session: PeerSession): boolean => {
  const lost = session.main?.pulse.report?.lost ?? [];
  return (
    lost.length > 0 &&
    session.numberedPools.some(
      ([number, pool]) =>
        pool.room() === 0 &&
        pool.mostRoom > 0 &&
        lost.filter((slot) => slot.pool === number).length >= pool.mostRoom,
    )
  );
};

/** A connected worker, as far as findings need it. */
export const workerFact = (engine: Engine, session: PeerSession, nowMs: number): WorkerFact => {
  const { description, heartbeatConnections, main, sessionId } = session;
  const heard = [...heartbeatConnections].map(({ pulse }) => pulse.report?.blocked);
  return {
    ...description,
    silentMs: nowMs - processHeardAtMs(session),
    loopSilentMs: loopSilentMsOf(session),
    running: engine.leaseCount(sessionId),
    last: engine.lastHeld(sessionId),
    report: main?.pulse.report,
    blocked: heard.find((blocked) => blocked !== undefined),
    isStuck: isStuck(session),
  };
};
