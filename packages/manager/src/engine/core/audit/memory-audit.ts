import type { Queue } from '../queue.ts';
import type { State } from '../state.ts';
import type { Lease, Task } from '../task.ts';
import { isFinished } from '../task-machine.ts';

/**
 * Checks what must hold in memory after every event, whatever is being written: a leased
 * task has one owner and one deadline, a finished task has no lease, each queue counts
 * its leases and keeps its bounds, and every lane that may have tasks is asked. (A queue
 * that is declared anew with less may exceed its bounds; no test does that.) It reads
 * nothing from disk.
 */
export const auditMemory = (state: State): string[] => {
  const held = [...state.sessions.values()].flatMap(({ leases }) => leases.entries());
  const known = new Set(held);
  return [
    ...[...state.tasks.values()].flatMap((task) => auditTask(known, task)),
    ...auditOwners(state),
    ...auditCounts(state, held),
    ...auditLanes(state),
  ];
};

const auditTask = (known: ReadonlySet<Lease>, task: Task): string[] => {
  const { lease } = task;
  if (lease === undefined) {
    return task.state === 'leased' ? [`task ${task.id} is leased to nobody`] : [];
  }
  const breaches = auditLease(known, task, lease);
  if (isFinished(task.state)) {
    breaches.push(`task ${task.id} is ${task.state} and has a lease`);
  } else if (task.state !== 'leased') {
    breaches.push(`task ${task.id} has a lease and is ${task.state}`);
  }
  return breaches;
};

/** Whether a lease is watched when its task has a deadline, and only then. */
export const hasItsFence = ({ fence, task }: Lease): boolean =>
  task.deadlineMs === null ? fence === undefined : fence?.line !== undefined;

const auditLease = (known: ReadonlySet<Lease>, task: Task, lease: Lease): string[] => {
  const breaches: string[] = [];
  if (!known.has(lease)) {
    breaches.push(`session ${lease.holder.id} does not know that task ${task.id} is leased to it`);
  }
  if (lease.grant !== task.grants) {
    breaches.push(`task ${task.id} is leased under grant ${lease.grant} of ${task.grants}`);
  }
  if (!hasItsFence(lease)) {
    breaches.push(`the lease of task ${task.id} has a deadline and is not watched, or the reverse`);
  }
  return breaches;
};

const auditOwners = (state: State): string[] => {
  const owners = new Map<Task, string>();
  const breaches: string[] = [];
  for (const session of state.sessions.values()) {
    for (const lease of session.leases.entries()) {
      const { task } = lease;
      const other = owners.get(task);
      owners.set(task, session.id);
      if (other !== undefined) {
        breaches.push(`task ${task.id} is leased to ${other} and to ${session.id}`);
      }
      if (task.lease !== lease || lease.holder !== session) {
        breaches.push(`session ${session.id} has task ${task.id}, which is not leased to it`);
      }
    }
  }
  return breaches;
};

const auditCounts = (state: State, held: readonly Lease[]): string[] => {
  const leased = new Map<Queue, number>();
  for (const { task } of held) {
    const { queue } = task.lane;
    leased.set(queue, (leased.get(queue) ?? 0) + 1);
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

const auditLanes = (state: State): string[] => {
  const asked = new Set(state.lanesToAsk.entries());
  return [...state.lanes.values()].flatMap((lane) => [
    ...(lane.mayHaveMore && !lane.isAsked
      ? [`lane ${lane.number} may have ready tasks and nobody asks it`]
      : []),
    ...(lane.isAsked === asked.has(lane)
      ? []
      : [`lane ${lane.number} is asked and does not say so, or the reverse`]),
  ]);
};
