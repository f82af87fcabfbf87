import { cancel } from './cancel.ts';
import { claim } from './claim.ts';
import { deadGroups } from './dead-groups.ts';
import { declareQueue, hasQueue } from './declare-queue.ts';
import { drop } from './drop.ts';
import { enqueue } from './enqueue.ts';
import { holdsAll } from './holds-all.ts';
import { inspect, taskData } from './inspect.ts';
import { listSchedules } from './list-schedules.ts';
import { listTasks } from './list-tasks.ts';
import { outcomes } from './outcomes.ts';
import { pause } from './pause.ts';
import { pauseSchedule } from './pause-schedule.ts';
import { prioritize } from './prioritize.ts';
import { purge } from './purge.ts';
import { removeSchedule } from './remove-schedule.ts';
import {
  lastHeld,
  leaseCount,
  lostSessions,
  queueReports,
  readyTask,
  waitingLanes,
} from './reports.ts';
import { retry } from './retry.ts';
import { runSchedule } from './run-schedule.ts';
import { declareSchedules, schedule } from './schedule.ts';
import { disconnect, endSession, openSession, resume } from './sessions.ts';
import { settle } from './settle.ts';
import { showSchedule } from './show-schedule.ts';
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

  schedule: verb('produce', 'durable', schedule),

  claim: verb('consume', 'claim', claim),
  settle: verb('consume', 'unawaited', settle),

  inspect: verb('read', 'read', inspect),
  taskData: verb('read', 'read', taskData),
  size: verb('read', 'read', size),
  listTasks: verb('read', 'read', listTasks),
  deadGroups: verb('read', 'read', deadGroups),
  listSchedules: verb('read', 'read', listSchedules),
  showSchedule: verb('read', 'read', showSchedule),
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
  pauseSchedule: verb('operate', 'durable', pauseSchedule),
  runSchedule: verb('operate', 'durable', runSchedule),
  removeSchedule: verb('operate', 'durable', removeSchedule),

  declareSchedules: verb('admin', 'durable', declareSchedules),
  declareQueue: verb('admin', 'memory', declareQueue),
} as const;
