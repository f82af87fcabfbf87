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
  /** Name of the task. */
  readonly name: string;
  /** Name and text of the error of the last one that died, cut short. */
  readonly error: string | undefined;
  readonly count: number;
  /** Time since the first of them died. */
  readonly firstAgoMs: number;
  /** Time since the last of them died. */
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

/** Later pages have the tasks that died later. */
const merged = (earlier: DeadGroup | undefined, later: DeadGroup): DeadGroup =>
  earlier === undefined
    ? later
    : {
        ...later,
        count: earlier.count + later.count,
        firstAgoMs: Math.max(earlier.firstAgoMs, later.firstAgoMs),
      };

/** The causes of which tasks died, those with most tasks first. */
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
