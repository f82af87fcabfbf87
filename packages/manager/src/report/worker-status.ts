import type { WorkerStatus } from '@millrace/protocol';
import type { Engine } from '../engine/engine.ts';
import type { PeerSession } from '../peers/session.ts';
import type { SilentLoop } from './attention.ts';

/** A process is heard over every connection of its session, its main loop over the main one. */
const processHeardAtMs = ({ heartbeatConnections, main }: PeerSession): number =>
  Math.max(
    ...[main, ...heartbeatConnections].map((connection) => connection?.pulse.heardAtMs ?? 0),
  );

/** What a status says of a worker. */
export const workerStatus = (engine: Engine, session: PeerSession, nowMs: number): WorkerStatus => {
  const pulse = session.main?.pulse;
  const { host, name, pid } = session.description;
  return {
    sessionId: session.sessionId,
    name,
    host,
    pid,
    isDraining: session.isDraining,
    slots: pulse?.report?.slots ?? 0,
    busySlots: pulse?.report?.busySlots ?? 0,
    running: engine.leaseCount(session.sessionId),
    processHeardMsAgo: Math.round(nowMs - processHeardAtMs(session)),
    loopHeardMsAgo: pulse === undefined ? null : Math.round(nowMs - pulse.heardAtMs),
    roundTripMs: pulse?.roundTripMs ?? null,
    loopLagMs: pulse?.report?.loopLagMs ?? null,
    rssBytes: pulse?.report?.rssBytes ?? null,
  };
};

/** The main loop of a worker, if its process was heard later. */
export const silentLoops = (engine: Engine, session: PeerSession, nowMs: number): SilentLoop[] => {
  const { description, loopHeardAtMs, sessionId } = session;
  if (loopHeardAtMs >= processHeardAtMs(session)) {
    return [];
  }
  const last = engine.lastHeld(sessionId);
  const running = engine.leaseCount(sessionId);
  return [{ name: description.name, silentMs: nowMs - loopHeardAtMs, running, last }];
};
