import { type AnySchedule, scheduleSpecOf } from '@millrace/client';
import {
  defineTask,
  MillraceError,
  messageOf,
  type ScheduledTaskOptions,
  type ScheduleSpec,
  suggestion,
} from '@millrace/protocol';
import { TomlDate } from 'smol-toml';
import { present } from './present.ts';

const known = [
  'task',
  'queue',
  'input',
  'cron',
  'timeZone',
  'everyMs',
  'startAt',
  'endAt',
  'jitterMs',
  'missed',
  'options',
];

const refuse = (message: string): never => {
  throw new MillraceError('BAD_OPTION', message);
};

const textOf = (value: unknown, where: string): string =>
  typeof value === 'string' ? value : refuse(`${where}: a text is needed`);

/** A date without a zone would be another instant on another host. */
const dateOf = (value: unknown, where: string): Date =>
  value instanceof TomlDate && value.isDateTime() && !value.isLocal()
    ? new Date(value.getTime())
    : refuse(`${where}: a date and time with its zone is needed, such as 2030-01-31T08:00:00Z`);

const optionalOf = <T>(value: unknown, read: (value: unknown) => T): T | undefined =>
  value === undefined ? undefined : read(value);

/** The schedule in a table, whose other values `scheduleSpecOf` checks. */
const scheduleIn = (table: Readonly<Record<string, unknown>>, where: string): AnySchedule => {
  const { endAt, input = null, options, queue, startAt, task, ...rest } = table;
  const queueName = optionalOf(queue, (value) => textOf(value, `${where}.queue`));
  const timing = present({
    ...rest,
    startAt: optionalOf(startAt, (value) => dateOf(value, `${where}.startAt`)),
    endAt: optionalOf(endAt, (value) => dateOf(value, `${where}.endAt`)),
  });
  return {
    ...timing,
    task: defineTask(textOf(task, `${where}.task`), present({ queue: queueName })),
    input,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `scheduleSpecOf` checks what the table holds
    ...(options === undefined ? {} : { options: options as ScheduledTaskOptions }),
  };
};

/**
 * The schedule in a table `[schedules.NAME]`.
 *
 * @param where names the table in the error
 * @throws BAD_OPTION
 */
export const readSchedule = (
  name: string,
  table: Readonly<Record<string, unknown>>,
  where: string,
): ScheduleSpec => {
  for (const key of Object.keys(table)) {
    if (!known.includes(key)) {
      refuse(`${where} has no key '${key}'${suggestion(key, known)}`);
    }
  }
  const schedule = scheduleIn(table, where);
  try {
    return scheduleSpecOf(name, schedule, Date.now());
  } catch (error) {
    return refuse(`${where}: ${messageOf(error)}`);
  }
};
