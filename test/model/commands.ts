import type { MissedPolicy, NewTask } from '@millrace/protocol';
import { ITEM_NAME, type TaskState, taskStates } from '@millrace/protocol';
import fc from 'fast-check';
import type { EndKind } from './reference.ts';
import { SCHEDULE_QUEUE, scheduleNames } from './schedules.ts';

export const sessionIds = ['s0', 's1', 's2'] as const;

/** One step of a run. A token is a number that is taken modulo the tokens that exist then. */
export type Command =
  | { readonly verb: 'enqueue'; readonly tasks: readonly NewTask[] }
  | {
      readonly verb: 'claim';
      readonly sessionId: string;
      readonly queue: string;
      readonly names: readonly string[];
      readonly versions: readonly number[];
      readonly max: number;
      readonly isolates: boolean;
    }
  | {
      readonly verb: 'settle';
      readonly sessionId: string;
      readonly token: number;
      readonly kind: EndKind;
      readonly waitMs: number | undefined;
    }
  | { readonly verb: 'cancel' | 'drop'; readonly taskId: string }
  | { readonly verb: 'prioritize'; readonly taskId: string; readonly priority: number }
  | {
      readonly verb: 'retry';
      readonly taskId: string;
      readonly newTaskId: string;
      readonly withoutKey: boolean;
    }
  | { readonly verb: 'pause'; readonly queue: string; readonly isPaused: boolean }
  | { readonly verb: 'purge'; readonly queue: string }
  | { readonly verb: 'list'; readonly state: TaskState | undefined; readonly limit: number }
  | { readonly verb: 'open' | 'disconnect' | 'end'; readonly sessionId: string }
  | { readonly verb: 'resume'; readonly sessionId: string; readonly tokens: readonly number[] }
  | { readonly verb: 'write' | 'written' | 'flush' }
  | { readonly verb: 'advance'; readonly byMs: number }
  | {
      readonly verb: 'schedule';
      readonly name: string;
      readonly everyMs: number;
      readonly missed: MissedPolicy;
    }
  | { readonly verb: 'pauseSchedule'; readonly name: string; readonly isPaused: boolean }
  | { readonly verb: 'runSchedule'; readonly name: string; readonly newTaskId: string }
  | { readonly verb: 'removeSchedule'; readonly name: string }
  | { readonly verb: 'crash'; readonly inFlightIsDurable: boolean };

const names = ['x', 'y', ITEM_NAME];
const queues = ['fifo', 'lifo'];

const retryPolicy = fc.record({
  waitsMs: fc.array(fc.constantFrom(0, 100, 900, 20_000), { minLength: 1, maxLength: 3 }),
  factor: fc.constantFrom(1, 1.5, 3),
  maxMs: fc.constantFrom(800, 60_000),
  jitter: fc.constantFrom(0, 0.3, 1),
});

const key = fc.constantFrom('k', 'l');

/** Mostly no key, otherwise one of the two kinds. */
const keyed = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.record({
      once: fc.record({ key, forMs: fc.constantFrom(undefined, 5_000, 100_000, 200_000_000) }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      latest: fc.record({
        key,
        waitMs: fc.constantFrom(undefined, 700, 20_000),
        maxWaitMs: fc.constantFrom(undefined, 1_000, 30_000),
      }),
    }),
  },
);

const options = fc.option(
  fc
    .tuple(
      keyed,
      fc.option(fc.record({ retryPolicy }), { nil: undefined }),
      fc.constantFrom({}, {}, {}, { version: 2 }, { version: 3 }),
    )
    .map(([keys, policy, version]): NewTask['options'] => ({ ...keys, ...policy, ...version })),
  { nil: undefined },
);

const task: fc.Arbitrary<NewTask> = fc
  .record({
    id: fc.nat({ max: 23 }),
    queue: fc.constantFrom(...queues),
    name: fc.constantFrom(...names),
    size: fc.constantFrom(0, 3, 5_000),
    priority: fc.constantFrom(0, 0, 0, 5, -5),
    delayMs: fc.constantFrom(0, 0, 0, 700, 20_000),
    deadlineMs: fc.constantFrom(null, null, 1_000, 60_000),
    attempts: fc.integer({ min: 1, max: 3 }),
    expiresInMs: fc.constantFrom(undefined, undefined, undefined, 500, 30_000),
    options,
  })
  .map(({ id, size, ...rest }) => ({
    ...rest,
    taskId: `t${id}`,
    payload: new Uint8Array(size).fill(id),
  }));

const sessionId = fc.constantFrom(...sessionIds);
const choice = fc.nat({ max: 1_000 });

const enqueue = fc.record({
  verb: fc.constant('enqueue' as const),
  tasks: fc.array(task, { minLength: 1, maxLength: 5 }),
});

const claim = fc.record({
  verb: fc.constant('claim' as const),
  sessionId,
  queue: fc.constantFrom(...queues, SCHEDULE_QUEUE),
  names: fc.subarray(names, { minLength: 1 }),
  versions: fc.constantFrom([1], [1, 2, 3], [2, 3], [3, 1]),
  max: fc.integer({ min: 1, max: 4 }),
  isolates: fc.boolean(),
});

const settle = fc.record({
  verb: fc.constant('settle' as const),
  sessionId,
  token: choice,
  kind: fc.constantFrom<EndKind[]>(
    'succeeded',
    'failed',
    'failed',
    'hopeless',
    'lost',
    'released',
    'snoozed',
  ),
  waitMs: fc.constantFrom(undefined, undefined, 0, 500, 30_000),
});

const taskId = fc.nat({ max: 23 }).map((id) => `t${id}`);

const cancel = fc.record({
  verb: fc.constantFrom('cancel' as const, 'cancel' as const, 'drop' as const),
  taskId,
});

const prioritize = fc.record({
  verb: fc.constant('prioritize' as const),
  taskId,
  priority: fc.constantFrom(0, 5, -5, 100),
});

const retry = fc.record({
  verb: fc.constant('retry' as const),
  taskId,
  newTaskId: taskId,
  withoutKey: fc.boolean(),
});

const pause = fc.record({
  verb: fc.constant('pause' as const),
  queue: fc.constantFrom(...queues),
  isPaused: fc.boolean(),
});

const purge = fc.record({ verb: fc.constant('purge' as const), queue: fc.constantFrom(...queues) });

const list = fc.record({
  verb: fc.constant('list' as const),
  state: fc.constantFrom(undefined, ...taskStates),
  limit: fc.integer({ min: 1, max: 5 }),
});

const connection = fc.record({
  verb: fc.constantFrom('open' as const, 'disconnect' as const, 'end' as const),
  sessionId,
});

const resume = fc.record({
  verb: fc.constant('resume' as const),
  sessionId,
  tokens: fc.array(choice, { maxLength: 4 }),
});

const write = fc.record({
  verb: fc.constantFrom('write' as const, 'written' as const, 'flush' as const),
});

const advance = fc.record({
  verb: fc.constant('advance' as const),
  byMs: fc.constantFrom(1, 400, 600, 1_000, 2_000, 12_000, 20_000, 61_000, 900_000, 90_000_000),
});

const scheduleName = fc.constantFrom(...scheduleNames);

const schedule = fc.record({
  verb: fc.constant('schedule' as const),
  name: scheduleName,
  everyMs: fc.constantFrom(1_000, 7_000, 60_000, 1_000_000, 40_000_000),
  missed: fc.constantFrom<MissedPolicy[]>('skip', 'once', 'all'),
});

const operateSchedule = fc.oneof(
  fc.record({
    verb: fc.constant('pauseSchedule' as const),
    name: scheduleName,
    isPaused: fc.boolean(),
  }),
  fc.record({
    verb: fc.constant('runSchedule' as const),
    name: scheduleName,
    newTaskId: fc.nat({ max: 5 }).map((id) => `r${id}`),
  }),
  fc.record({ verb: fc.constant('removeSchedule' as const), name: scheduleName }),
);

const crash = fc.record({
  verb: fc.constant('crash' as const),
  inFlightIsDurable: fc.boolean(),
});

export const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: enqueue },
    { weight: 7, arbitrary: claim },
    { weight: 7, arbitrary: settle },
    { weight: 2, arbitrary: cancel },
    { weight: 3, arbitrary: prioritize },
    { weight: 3, arbitrary: retry },
    { weight: 1, arbitrary: pause },
    { weight: 1, arbitrary: purge },
    { weight: 2, arbitrary: list },
    { weight: 3, arbitrary: connection },
    { weight: 3, arbitrary: resume },
    { weight: 8, arbitrary: write },
    { weight: 4, arbitrary: advance },
    { weight: 2, arbitrary: schedule },
    { weight: 2, arbitrary: operateSchedule },
    { weight: 2, arbitrary: crash },
  ),
  { minLength: 1, maxLength: 60, size: 'max' },
);
