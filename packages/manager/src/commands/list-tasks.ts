import { clip, limits, type MessageNamed, type TaskError } from '@millrace/protocol';
import type { TaskSummary } from '../engine/core/verbs/list-tasks.ts';
import type { Command } from './command.ts';

type ListedTask = MessageNamed<'taskPage'>['tasks'][number];

/** The first line of an error; a listing has one line for each task. */
export const shortError = ({ message, name }: TaskError): string =>
  clip(`${name}: ${message}`.split('\n', 1)[0] ?? '', limits.listErrorMaxBytes);

const listedTask = ({ ageMs, dueInMs, error, ...task }: TaskSummary): ListedTask => ({
  ...task,
  ageMs: Math.round(ageMs),
  dueInMs: dueInMs === undefined ? undefined : Math.round(dueInMs),
  error: error && shortError(error),
});

export const listTasks: Command<'listTasks'> = async (services, peer, requests) => {
  for (const { requestId, ...request } of requests) {
    const { next, tasks } = await services.engine.listTasks(request);
    peer.send({ verb: 'taskPage', requestId, tasks: tasks.map(listedTask), next });
  }
};
