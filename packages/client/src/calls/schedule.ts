import {
  type AnyTask,
  type CallOptions,
  changeAbandoned,
  checkCall,
  checkOptions,
  checkScheduledTask,
  checkScheduleName,
  checkTiming,
  encodePayload,
  inquire,
  limits,
  type MessageNamed,
  MillraceError,
  type ScheduledTaskOptions,
  type ScheduleSpec,
  type ScheduleTiming,
  type TaskDefinition,
} from '@millrace/protocol';
import { optionsOf, whenChecked } from './new-task.ts';
import type { ProducerPort } from './port.ts';
import { settingsOf } from './task-settings.ts';

/** A schedule: when it ticks, and the task that each tick makes. Give `cron` or `everyMs`. */
export interface ScheduleOptions<
  Input = unknown,
  Output = unknown,
  Parsed = Input,
  Returned = Output,
> extends ScheduleTiming {
  readonly task: TaskDefinition<Input, Output, Parsed, Returned>;
  /** Input of every task. At most 64 KiB. */
  readonly input: NoInfer<Input>;
  /** Options of every task. With an `idempotencyKey` a tick makes no task while the one before is unfinished. */
  readonly options?: ScheduledTaskOptions;
}

/** Any schedule, for code to which the types of its task do not matter. */
export interface AnySchedule extends ScheduleTiming {
  readonly task: AnyTask;
  readonly input: unknown;
  readonly options?: ScheduledTaskOptions;
}

/** What became of a schedule that was sent: an equal one was there already if it is unchanged. */
export type ScheduleAnswer = MessageNamed<'scheduled'>['answer'];

/**
 * A schedule as SCHEDULE carries it.
 *
 * @throws BAD_OPTION, PAYLOAD_INVALID, PAYLOAD_TOO_LARGE
 */
export const scheduleSpecOf = (
  name: string,
  schedule: AnySchedule,
  nowMs: number,
): ScheduleSpec => {
  const what = `schedule '${checkScheduleName(name)}'`;
  checkOptions(schedule, what);
  const { input, options = {}, task, ...timing } = schedule;
  checkScheduledTask(task, options, what);
  const times = checkTiming(timing, what, nowMs);
  const settings = settingsOf(task, options);
  const { attempts = limits.attempts, deadlineMs = limits.deadlineMs, start = 0 } = settings;
  if (start instanceof Date) {
    throw new MillraceError('BAD_OPTION', `${what}: leave out runAt`);
  }
  return {
    name,
    ...times,
    missed: timing.missed ?? 'skip',
    queue: task.queue,
    task: task.name,
    payload: encodePayload(input, `the input of ${what}`, limits.scheduleInputMaxBytes),
    priority: settings.priority ?? 0,
    delayMs: start,
    deadlineMs,
    attempts,
    expiresInMs: settings.expiresInMs,
    options: optionsOf(task, settings),
  };
};

const send = async (
  port: ProducerPort,
  spec: ScheduleSpec,
  call: CallOptions,
): Promise<ScheduleAnswer> => {
  const what = `the change of schedule '${spec.name}'`;
  const { answer } = await inquire(
    port,
    'scheduled',
    {
      build: (requestId) => ({ verb: 'schedule', requestId, schedule: spec }),
      giveUp: (end, timeoutMs) =>
        changeAbandoned(end, what, timeoutMs, 'the schedule may or may not be changed'),
    },
    call,
  );
  return answer;
};

/** Makes a schedule, or changes the one of its name, once its input matches the schema of its task. */
export const schedule = async (
  port: ProducerPort,
  name: string,
  options: AnySchedule,
  call: CallOptions,
): Promise<ScheduleAnswer> => {
  checkCall(call, 'a call for a schedule');
  const spec = scheduleSpecOf(name, options, port.clock.wallMs());
  return whenChecked(port, options.task, [options.input], call, (left) => send(port, spec, left));
};
