import type { Clock } from '@millrace/protocol';
import type { SettleAnswer } from '../engine/engine.ts';
import type { Peer } from '../waiting/peer.ts';
import type { Command } from './command.ts';
import type { Services } from './services.ts';

type Report = Parameters<Command<'settle'>>[2][number]['results'][number];

/**
 * A worker goes on while its reports are unanswered; whoever acknowledges an item
 * waits for it, and others may wait for an outcome, or for room.
 */
const isAwaited = (services: Services, peer: Peer, reports: readonly Report[]): boolean =>
  peer.role !== 'worker' ||
  services.room.isAwaited ||
  reports.some(({ taskId }) => services.results.isAwaited(taskId));

/** Runs something when this turn has handled its input. */
const atEndOfTurn = <T>(clock: Clock, run: () => Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    clock.endOfTurn(() => void run().then(resolve, reject));
  });

export const settle: Command<'settle'> = async (services, peer, requests) => {
  const reports = requests.flatMap(({ results }) => results);
  const settleAll = (awaited: boolean): Promise<readonly SettleAnswer[]> =>
    services.engine.settle(peer.sessionId, reports, awaited);
  // When nobody waits, its next tasks go first: without them the worker has nothing to do.
  const answers = await (isAwaited(services, peer, reports)
    ? settleAll(true)
    : atEndOfTurn(services.clock, () => settleAll(isAwaited(services, peer, reports))));
  let next = 0;
  for (const { requestId, results } of requests) {
    const last = next + results.length;
    peer.sendSoon({ verb: 'settled', requestId, answers: answers.slice(next, last) });
    next = last;
  }
};
