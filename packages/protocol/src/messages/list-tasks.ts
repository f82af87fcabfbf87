import { limits } from '../words/limits.ts';
import { taskStates } from '../words/task.ts';
import {
  count,
  flag,
  group,
  integer,
  list,
  omissible,
  optional,
  requestId,
  text,
  word,
} from './wire/fields.ts';
import {
  cursor,
  fingerprint,
  priority,
  queueName,
  taskId,
  taskName,
} from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/** Asks for a page of tasks. */
export const listTasks = verb(80, 'listTasks', 'dialler', {
  requestId,
  queue: optional(queueName),
  name: optional(taskName),
  state: optional(word(taskStates)),
  limit: integer(1, limits.listPageMax),
  after: optional(cursor),
  backward: optional(flag),
  fingerprint: omissible(fingerprint),
});

export const listedTask = group('listed task', {
  taskId,
  queue: queueName,
  name: taskName,
  state: word(taskStates),
  priority,
  failures: count,
  losses: count,
  ageMs: count,
  dueInMs: optional(count),
  error: optional(text(limits.listErrorMaxBytes)),
});

/** A page can be short, even empty, and still have others behind it. */
export const taskPage = verb(81, 'taskPage', 'manager', {
  requestId,
  tasks: list(listedTask, limits.listPageMax),
  next: optional(cursor),
});
