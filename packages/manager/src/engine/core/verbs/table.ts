import { cancel } from './cancel.ts';
import { claim } from './claim.ts';
import { deadGroups } from './dead-groups.ts';
import { declareQueue, hasQueue } from './declare-queue.ts';
import { drop } from './drop.ts';
import { enqueue } from './enqueue.ts';
import { holdsAll } from './holds-all.ts';
import { inspect, taskData } from './inspect.ts';
import { listTasks } from './list-tasks.ts';
import { outcomes } from './outcomes.ts';
import { pause } from './pause.ts';
import { prioritize } from './prioritize.ts';
import { purge } from './purge.ts';
import {
  lastHeld,
  leaseCount,
  lostSessions,
  queueReports,
  readyTask,
  waitingLanes,
} from './reports.ts';
import { retry } from './retry.ts';
import { disconnect, endSession, openSession, resume } from './sessions.ts';
import { settle } from './settle.ts';
import { size } from './size.ts';
import { verb } from './verb.ts';

/** Every verb of the core: the right that it needs, how its answer waits, and what it does. */
export const verbs = {
  openSession: verb('session', 'memory', openSession),
  resume: verb('session', 'durable', resume),
  disconnect: verb('session', 'clock', disconnect),
  endSession: verb('session', 'durable', endSession),

  enqueue: verb('produce', 'durable', enqueue),
  holdsAll: verb('produce', 'read', holdsAll),
  outcomes: verb('produce', 'read', outcomes),
  cancel: verb('produce', 'durable', cancel),
  prioritize: verb('produce', 'durable', prioritize),

  claim: verb('consume', 'claim', claim),
  settle: verb('consume', 'unawaited', settle),

  inspect: verb('read', 'read', inspect),
  taskData: verb('read', 'read', taskData),
  size: verb('read', 'read', size),
  listTasks: verb('read', 'read', listTasks),
  deadGroups: verb('read', 'read', deadGroups),
  waitingLanes: verb('read', 'memory', waitingLanes),
  lostSessions: verb('read', 'memory', lostSessions),
  leaseCount: verb('read', 'memory', leaseCount),
  lastHeld: verb('read', 'memory', lastHeld),
  readyTask: verb('read', 'memory', readyTask),
  queueReports: verb('read', 'memory', queueReports),
  hasQueue: verb('read', 'memory', hasQueue),

  retry: verb('operate', 'durable', retry),
  drop: verb('operate', 'durable', drop),
  pause: verb('operate', 'durable', pause),
  purge: verb('operate', 'durable', purge),

  declareQueue: verb('admin', 'memory', declareQueue),
} as const;
