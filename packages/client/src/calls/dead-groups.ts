import {
  type CallOptions,
  callOptions,
  checkCall,
  inquire,
  type MessageNamed,
  readAbandoned,
  type TimedPort,
} from '@millrace/protocol';
import { checkFilter, type TaskFilter } from './list-tasks.ts';

/** Dead tasks of the same cause. */
export interface DeadGroup {
  /** Names the group in a `TaskFilter`. */
  readonly fingerprint: string;
  readonly queue: string;
  /** Task name that the tasks share. */
  readonly name: string;
  /** Name and message of the error of the task that died last, cut short. */
  readonly error: string | undefined;
  readonly count: number;
  /** Time since the first of these tasks died. */
  readonly firstAgoMs: number;
  /** Time since the last of these tasks died. */
  readonly lastAgoMs: number;
}

type Page = MessageNamed<'deadGroupPage'>;

const pageOf = (
  port: TimedPort,
  { name, queue }: TaskFilter,
  after: string | undefined,
  call: CallOptions,
): Promise<Page> =>
  inquire(
    port,
    'deadGroupPage',
    {
      build: (requestId) => ({ verb: 'deadGroups', requestId, queue, name, after }),
      giveUp: (end, timeoutMs) => readAbandoned(end, 'the groups of dead tasks', timeoutMs),
    },
    call,
  );

/** One group from two pages; the later page has the tasks that died later. */
const merged = (earlier: DeadGroup | undefined, later: DeadGroup): DeadGroup =>
  earlier === undefined
    ? later
    : {
        ...later,
        count: earlier.count + later.count,
        firstAgoMs: Math.max(earlier.firstAgoMs, later.firstAgoMs),
      };

/** The groups of dead tasks, the largest first. */
export const deadGroups = async (
  port: TimedPort,
  filter: TaskFilter,
  call: CallOptions,
): Promise<DeadGroup[]> => {
  checkFilter(filter);
  checkCall(call, 'a call for groups of dead tasks');
  const { signal, timeoutMs = Number.POSITIVE_INFINITY } = call;
  const startedAtMs = port.clock.monotonicMs();
  const groups = new Map<string, DeadGroup>();
  for (let after: string | undefined; ; ) {
    const leftMs = timeoutMs - (port.clock.monotonicMs() - startedAtMs);
    const page = await pageOf(port, filter, after, callOptions(signal, leftMs));
    for (const group of page.groups) {
      groups.set(group.fingerprint, merged(groups.get(group.fingerprint), group));
    }
    if (page.next === undefined) {
      return [...groups.values()].toSorted((a, b) => b.count - a.count);
    }
    after = page.next;
  }
};
