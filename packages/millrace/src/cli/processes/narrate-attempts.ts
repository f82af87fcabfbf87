import type { Log } from '@millrace/protocol';
import type { AttemptFacts, WorkerEvent } from '@millrace/worker';
import { duration } from '../terminal/units.ts';

const fieldsOf = ({ attempt, name, queue, taskId }: AttemptFacts) => ({
  queue,
  name,
  task: taskId,
  attempt,
});

const narrateUncaught = (
  log: Log,
  { code, error, task }: Extract<WorkerEvent, { kind: 'uncaught' }>,
): void => {
  const [message] = error.message.split('\n');
  if (task === undefined) {
    const fields = { code, stack: error.stack };
    log.error(fields, `${message}; it belongs to no attempt, so the worker drains and ends`);
  } else {
    log.warn(fieldsOf(task), `an attempt had ended when ${message}`);
  }
};

const narrateBlocked = (
  log: Log,
  { name, place, silentMs, taskId }: Extract<WorkerEvent, { kind: 'loop-blocked' }>,
): void => {
  const by = name === undefined ? '' : ` by a task '${name}'`;
  const where = place === undefined ? '' : `, in ${place}`;
  const fields = taskId === undefined ? {} : { task: taskId };
  log.warn(fields, `the event loop was blocked for ${duration(silentMs)}${by}${where}`);
};

/** Logs what happened to single attempts, their slots and the event loop. */
export const narrateAttempts = (log: Log, event: WorkerEvent): void => {
  switch (event.kind) {
    case 'deadline-passed': {
      const after = duration(event.deadlineMs);
      return log.warn(fieldsOf(event), `an attempt passed its deadline of ${after}: aborting it`);
    }
    case 'attempt-killed':
      return log.warn(fieldsOf(event), 'an attempt did not heed its signal: killing it');
    case 'slot-lost': {
      const { lostSlots, runner, slots } = event;
      const said = `an attempt goes on although its time is over; its slot is lost until it ends: ${lostSlots} of ${slots} slots of its pool (${runner})`;
      return log.error(fieldsOf(event), said);
    }
    case 'slot-regained': {
      const { lostSlots, slots } = event;
      const said = `a lost attempt has ended: ${lostSlots} of ${slots} slots of its pool are still lost`;
      return log.info(fieldsOf(event), said);
    }
    case 'stuck':
      return log.error({ code: event.error.code }, event.error.message);
    case 'uncaught':
      return narrateUncaught(log, event);
    case 'loop-blocked':
      return narrateBlocked(log, event);
    default:
      return;
  }
};
