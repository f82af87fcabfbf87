import type { EnqueueAnswer } from '../engine/core/verbs/enqueue.ts';
import { refuseIfTooMany, withdraw } from '../waiting/open-requests.ts';
import type { Peer } from '../waiting/peer.ts';
import { refuse } from '../waiting/refuse.ts';
import type { ResultRequest } from '../waiting/results.ts';
import type { Command } from './command.ts';
import type { Services } from './services.ts';

type Enqueue = Parameters<Command<'enqueue'>>[2][number];

type Added = Extract<EnqueueAnswer, { readonly created: number }>;

/** Whether a request awaits the outcome of its only task instead of ENQUEUED. */
const isAwaiting = ({ awaitMs, tasks }: Enqueue): boolean =>
  awaitMs !== undefined && tasks.length === 1;

/** The request for the outcome that an enqueue awaits: that of the task that does its work. */
const awaitedBy = (
  { awaitMs, requestId, tasks }: Enqueue,
  { existing }: Added,
): ResultRequest | undefined => {
  const only = tasks.length === 1 ? tasks[0] : undefined;
  const other = existing?.[0]?.taskId;
  const taskId = other ?? only?.taskId;
  return awaitMs === undefined || taskId === undefined
    ? undefined
    : { requestId, taskId, waitMs: awaitMs, isOther: other !== undefined };
};

/** A request that awaits its outcome is not answered by ENQUEUED, but by the outcome alone. */
const reply = (services: Services, peer: Peer, request: Enqueue, answer: EnqueueAnswer): void => {
  const { requestId } = request;
  if ('created' in answer) {
    if (!isAwaiting(request)) {
      withdraw(peer, requestId);
      const { created, existing } = answer;
      peer.send({ verb: 'enqueued', requestId, created, existing });
    }
  } else if (answer.refused === 'QUEUE_FULL') {
    services.room.park(peer, request, answer.queue, answer.message);
  } else {
    withdraw(peer, requestId);
    refuse(peer, requestId, answer.refused, answer.message);
  }
};

/**
 * Whether a request brings no new work, because it was accepted before and only its answer was
 * lost, or because other tasks do its work. Such a request needs no room and must not wait for
 * it: it could be told that the queue is full although its tasks are in the queue.
 */
const wasAccepted = (services: Services, { tasks }: Enqueue): Promise<boolean> =>
  services.engine.holdsAll(tasks);

const add = async (services: Services, peer: Peer, requests: readonly Enqueue[]): Promise<void> => {
  const answers = await services.engine.enqueue(requests.map((request) => request.tasks));
  // A peer that has left sends its request again; nothing may begin to wait for it here.
  if (peer.hasEnded) {
    return;
  }
  const awaited: ResultRequest[] = [];
  for (const [index, request] of requests.entries()) {
    const answer = answers[index];
    if (answer !== undefined) {
      reply(services, peer, request, answer);
      const result = 'created' in answer ? awaitedBy(request, answer) : undefined;
      if (result !== undefined) {
        awaited.push(result);
      }
    }
  }
  if (awaited.length > 0) {
    await services.results.follow(peer, awaited);
  }
};

/** Lets a request wait behind others for room in its queue, unless it was accepted before. */
const queueUp = async (services: Services, peer: Peer, request: Enqueue): Promise<void> => {
  if (await wasAccepted(services, request)) {
    await add(services, peer, [request]);
  } else if (!peer.hasEnded) {
    const queue = request.tasks[0]?.queue ?? '';
    services.room.park(peer, request, queue, `others wait for room in queue '${queue}'`);
  }
};

export const enqueue: Command<'enqueue'> = async (services, peer, requests) => {
  const admitted: Enqueue[] = [];
  const waiting: Promise<void>[] = [];
  for (const request of requests) {
    if (isAwaiting(request) && refuseIfTooMany(peer, request.requestId)) {
      continue;
    }
    for (const task of request.tasks) {
      services.admitQueue(task.queue);
    }
    if (services.room.mustQueueUp(peer, request)) {
      waiting.push(queueUp(services, peer, request));
    } else {
      admitted.push(request);
    }
  }
  await Promise.all([add(services, peer, admitted), ...waiting]);
};
