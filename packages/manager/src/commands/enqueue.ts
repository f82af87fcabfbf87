import type { EnqueueAnswer } from '../engine/engine.ts';
import type { Peer } from '../peer.ts';
import type { Services } from '../services.ts';
import type { Command } from './command.ts';

type Enqueue = Parameters<Command<'enqueue'>>[2][number];

const reply = (services: Services, peer: Peer, request: Enqueue, answer: EnqueueAnswer): void => {
  const { requestId } = request;
  if ('created' in answer) {
    services.room.done(peer, requestId);
    peer.send({ verb: 'enqueued', requestId, created: answer.created });
  } else if (answer.refused === 'QUEUE_FULL') {
    services.room.park(peer, request, answer.queue, answer.message);
  } else {
    services.room.done(peer, requestId);
    peer.send({ verb: 'error', requestId, code: answer.refused, message: answer.message });
  }
};

export const enqueue: Command<'enqueue'> = async (services, peer, requests) => {
  const admitted: Enqueue[] = [];
  for (const request of requests) {
    for (const task of request.tasks) {
      services.admitQueue(task.queue);
    }
    if (services.room.mustQueueUp(peer, request)) {
      const queue = request.tasks[0]?.queue ?? '';
      services.room.park(peer, request, queue, `others wait for room in queue '${queue}'`);
    } else {
      admitted.push(request);
    }
  }
  const answers = await services.engine.enqueue(admitted.map((request) => request.tasks));
  for (const [index, request] of admitted.entries()) {
    const answer = answers[index];
    if (answer !== undefined) {
      reply(services, peer, request, answer);
    }
  }
};
