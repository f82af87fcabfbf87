import type { Queue } from './queue.ts';
import type { State } from './state.ts';
import type { Lease, Task } from './task.ts';
import { isFinished } from './task-machine.ts';

/**
 * What must hold in memory after every event, whatever is being written: a
 * leased task has one owner and one deadline, a finished one has no lease, no
 * queue counts other leases than there are, and none holds more than it may. (One
 * that is declared anew with less may; no test does that.) Every lane that may
 * have something is asked. It reads nothing from disk.
 */
export const auditMemory = (state: State): string[] => [
  ...[...state.tasks.values()].flatMap((task) => auditTask(state, task)),
  ...auditOwners(state),
  ...auditCounts(state),
  ...auditLanes(state),
];

const auditTask = (state: State, task: Task): string[] => {
  const { lease } = task;
  if (lease === undefined) {
    return task.state === 'leased' ? [`task ${task.id} is leased to nobody`] : [];
  }
  const breaches = auditLease(state, task, lease);
  if (isFinished(task.state)) {
    breaches.push(`task ${task.id} is ${task.state} and has a lease`);
  } else if (task.state !== 'leased') {
    breaches.push(`task ${task.id} has a lease and is ${task.state}`);
  }
  return breaches;
};

const auditLease = (state: State, task: Task, lease: Lease): string[] => {
  const breaches: string[] = [];
  if (state.sessions.get(lease.sessionId)?.leased.has(task.id) !== true) {
    breaches.push(`session ${lease.sessionId} does not know that task ${task.id} is leased to it`);
  }
  if (lease.grant !== task.grants) {
    breaches.push(`task ${task.id} is leased under grant ${lease.grant} of ${task.grants}`);
  }
  if (lease.heapIndex >= 0 !== Number.isFinite(lease.atMs)) {
    breaches.push(`the lease of task ${task.id} has a deadline and is not watched, or the reverse`);
  }
  return breaches;
};

const auditOwners = (state: State): string[] => {
  const owners = new Map<Task, string>();
  const breaches: string[] = [];
  for (const session of state.sessions.values()) {
    for (const task of session.leased.values()) {
      const other = owners.get(task);
      owners.set(task, session.id);
      if (other !== undefined) {
        breaches.push(`task ${task.id} is leased to ${other} and to ${session.id}`);
      }
      if (task.lease?.sessionId !== session.id) {
        breaches.push(`session ${session.id} has task ${task.id}, which is not leased to it`);
      }
    }
  }
  return breaches;
};

const auditCounts = (state: State): string[] => {
  const leased = new Map<Queue, number>();
  for (const session of state.sessions.values()) {
    for (const { lane } of session.leased.values()) {
      leased.set(lane.queue, (leased.get(lane.queue) ?? 0) + 1);
    }
  }
  return [...state.queues.values()].flatMap((queue) => {
    const { counters, spec } = queue;
    const counted = leased.get(queue) ?? 0;
    const isOff = counters.leased !== counted;
    return [
      ...(isOff ? [`queue ${spec.name} counts ${counters.leased} leases of ${counted}`] : []),
      ...(queue.unfinished > spec.maxItems
        ? [`queue ${spec.name} holds ${queue.unfinished} of ${spec.maxItems}`]
        : []),
      ...(counters.ready < 0 || counters.scheduled < 0 || counters.bytes < 0
        ? [`queue ${spec.name} counts below zero`]
        : []),
    ];
  });
};

const auditLanes = (state: State): string[] =>
  [...state.lanes.values()]
    .filter((lane) => lane.mayHaveMore && !state.lanesToAsk.has(lane))
    .map((lane) => `lane ${lane.number} may have ready tasks and nobody asks it`);
