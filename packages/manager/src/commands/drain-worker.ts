import { refuse } from '../waiting/refuse.ts';
import type { Command } from './command.ts';

export const drainWorker: Command<'drainWorker'> = (services, peer, requests) => {
  for (const { requestId, worker } of requests) {
    const workers = services.drainWorkers(worker);
    if (workers === 0) {
      const message = `no connected worker has the name or the session '${worker}'`;
      refuse(peer, requestId, 'UNKNOWN_WORKER', message);
    } else {
      peer.send({ verb: 'workerDraining', requestId, workers });
    }
  }
};
