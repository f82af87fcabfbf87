import {
  type CallOptions,
  checkCall,
  inquire,
  type MessageNamed,
  readAbandoned,
  type TimedPort,
} from '@millrace/protocol';
import { dateOf } from './show-schedule.ts';

type Listed = MessageNamed<'schedulePage'>['schedules'][number];

/** A schedule of a listing. */
export interface ListedSchedule extends Omit<Listed, 'nextAtMs'> {
  /** Its next tick; none while it is paused, and after its last. */
  readonly nextAt: Date | undefined;
}

const listed = ({ nextAtMs, ...schedule }: Listed): ListedSchedule => ({
  ...schedule,
  nextAt: schedule.isPaused ? undefined : dateOf(nextAtMs),
});

/** Every schedule in the order of the names, page after page; time and signal hold for each page. */
export async function* listSchedules(
  port: TimedPort,
  call: CallOptions,
): AsyncGenerator<ListedSchedule> {
  checkCall(call, 'a listing of schedules');
  for (let after: string | undefined; ; ) {
    const from = after;
    const page: MessageNamed<'schedulePage'> = await inquire(
      port,
      'schedulePage',
      {
        build: (requestId) => ({ verb: 'listSchedules', requestId, after: from }),
        giveUp: (end, timeoutMs) => readAbandoned(end, 'a page of schedules', timeoutMs),
      },
      call,
    );
    yield* page.schedules.map(listed);
    if (page.next === undefined) {
      return;
    }
    after = page.next;
  }
}
