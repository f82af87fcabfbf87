import { clip, limits, type MessageNamed } from '@millrace/protocol';
import type { TaskSummary } from '../engine/engine.ts';
import type { Command } from './command.ts';

type ListedTask = MessageNamed<'taskPage'>['tasks'][number];

const listedTask = ({ ageMs, dueInMs, error, ...task }: TaskSummary): ListedTask => ({
  ...task,
  ageMs: Math.round(ageMs),
  dueInMs: dueInMs === undefined ? undefined : Math.round(dueInMs),
  error: error && clip(`${error.name}: ${error.message}`, limits.listErrorMaxBytes),
});

export const listTasks: Command<'listTasks'> = async (services, peer, requests) => {
  for (const { requestId, ...request } of requests) {
    const { next, tasks } = await services.engine.list(request);
    peer.send({ verb: 'taskPage', requestId, tasks: tasks.map(listedTask), next });
  }
};
