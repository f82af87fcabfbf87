import type { Command } from './command.ts';

export const settle: Command<'settle'> = async (services, peer, requests) => {
  const reports = requests.flatMap(({ results }) => results);
  const answers = await services.settlements.settle(peer, reports);
  let next = 0;
  for (const { requestId, results } of requests) {
    const last = next + results.length;
    peer.sendSoon({ verb: 'settled', requestId, answers: answers.slice(next, last) });
    next = last;
  }
};
