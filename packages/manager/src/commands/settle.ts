import type { Peer } from '../peer.ts';
import type { Services } from '../services.ts';
import type { Command } from './command.ts';

type Report = Parameters<Command<'settle'>>[2][number]['results'][number];

/**
 * A worker goes on while its reports are unanswered; whoever acknowledges an item
 * waits for it, and others may wait for an outcome, or for room.
 */
const isAwaited = (services: Services, peer: Peer, reports: readonly Report[]): boolean =>
  peer.role !== 'worker' ||
  services.room.isAwaited ||
  reports.some(({ taskId }) => services.results.isAwaited(taskId));

const endOfTurn = ({ clock }: Services): Promise<void> =>
  new Promise((resolve) => clock.endOfTurn(resolve));

export const settle: Command<'settle'> = async (services, peer, requests) => {
  const reports = requests.flatMap(({ results }) => results);
  if (!isAwaited(services, peer, reports)) {
    // Its next tasks go first: without them the worker has nothing to do.
    await endOfTurn(services);
  }
  const awaited = isAwaited(services, peer, reports);
  const answers = await services.engine.settle(peer.sessionId, reports, awaited);
  let next = 0;
  for (const { requestId, results } of requests) {
    const end = next + results.length;
    peer.sendSoon({ verb: 'settled', requestId, answers: answers.slice(next, end) });
    next = end;
  }
};
