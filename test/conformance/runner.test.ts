import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  type AnyTask,
  decodePayload,
  encodePayload,
  limits,
  type TaskError,
} from '@millrace/protocol';
import {
  InlineRunner,
  loadHandlers,
  processRunner,
  type RunEnd,
  type Runner,
  type RunnerKind,
  runnerKinds,
  threadRunner,
} from '@millrace/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assign } from '../support/fixtures/assignment.ts';
import { childPids, isAlive, threadCount } from '../support/fixtures/kernel.ts';
import { Lighthouse } from '../support/fixtures/lighthouse.ts';
import { refusalOf } from '../support/fixtures/refusal.ts';
import type { Report } from '../support/fixtures/tasks.ts';
import * as tasks from '../support/fixtures/tasks.ts';

const handlers = new URL('../support/fixtures/handlers.ts', import.meta.url);

const runnerOf: Record<RunnerKind, (slots: number) => Promise<Runner>> = {
  inline: async (slots) => new InlineRunner(await loadHandlers(handlers), slots),
  thread: async (slots) => threadRunner(handlers.href, slots),
  process: async (slots) => processRunner(handlers.href, slots),
};

const started = async (kind: RunnerKind, slots: number): Promise<Runner> => {
  const runner = await runnerOf[kind](slots);
  await runner.start();
  return runner;
};

const returned = (end: RunEnd): unknown => {
  if (end.kind !== 'returned') {
    throw new Error(`the run did not return: ${JSON.stringify(end)}`);
  }
  return decodePayload(end.result, 'a result');
};

const failure = (end: RunEnd, kind: 'threw' | 'died'): TaskError => {
  if (end.kind !== kind) {
    throw new Error(`the run ${end.kind}, but it should have ${kind}`);
  }
  return end.error;
};

let lighthouse: Lighthouse;

beforeAll(async () => {
  lighthouse = await Lighthouse.open();
});

afterAll(() => lighthouse.close());

const here = () => ({ path: lighthouse.path });

describe.each(runnerKinds)('the %s runner', (kind) => {
  let runner: Runner;

  beforeAll(async () => {
    runner = await started(kind, 1);
  });

  afterAll(() => runner.close());

  const end = async (task: AnyTask, input?: unknown): Promise<RunEnd> =>
    runner.run(assign(task, input)).ended;

  const reportOf = async (): Promise<Report> => {
    const value = returned(await end(tasks.report));
    return tasks.asReport(value);
  };

  test('returns what the handler returns', async () => {
    const input = { text: 'grüße', list: [1, 2.5, null], nested: { yes: true } };
    expect(returned(await end(tasks.echo, input))).toEqual(input);
  });

  test('tells the handler task id, attempt and deadline', async () => {
    const assignment = assign(tasks.report, null, { attempt: 3, deadlineMs: 60_000 });
    const before = Date.now();
    const report = tasks.asReport(returned(await runner.run(assignment).ended));
    expect(report).toMatchObject({ taskId: assignment.token.taskId, attempt: 3 });
    expect(report.pid === process.pid).toBe(kind !== 'process');
    expect(Date.parse(report.deadline ?? '')).toBeGreaterThanOrEqual(before + 60_000);
  });

  test('passes on a payload of the largest size unchanged', async () => {
    const bytes = new Uint8Array(limits.payloadMaxBytes - 5).map((_, index) => index * 31);
    const { payload } = assign(tasks.echo, bytes);
    expect(payload).toHaveLength(limits.payloadMaxBytes);
    const ended = await end(tasks.echo, bytes);
    expect(ended.kind === 'returned' && Buffer.compare(ended.result, payload)).toBe(0);
  });

  test('returns a result as large as the manager accepts, and no larger', async () => {
    const resultMaxBytes = 2 * limits.payloadMaxBytes;
    const payload = encodePayload(new Uint8Array(resultMaxBytes - 5), 'it', resultMaxBytes);
    const large = { ...assign(tasks.echo), payload, resultMaxBytes };
    const ended = await runner.run(large).ended;
    expect(ended.kind === 'returned' && ended.result.length).toBe(resultMaxBytes);
    const tooLarge = { ...large, resultMaxBytes: resultMaxBytes - 1 };
    const error = failure(await runner.run(tooLarge).ended, 'threw');
    expect(error).toMatchObject({ name: 'PAYLOAD_TOO_LARGE', retry: false });
  });

  test('passes on a payload that is a view of a larger buffer', async () => {
    const whole = assign(tasks.echo, 'part');
    const frame = Buffer.concat([Buffer.alloc(7, 1), whole.payload, Buffer.alloc(9, 2)]);
    const payload = frame.subarray(7, 7 + whole.payload.length);
    expect(returned(await runner.run({ ...whole, payload }).ended)).toBe('part');
    expect(frame.subarray(7, 7 + whole.payload.length)).toEqual(Buffer.from(whole.payload));
  });

  test('reports an error that the handler throws', async () => {
    const error = failure(await end(tasks.throwTypeError), 'threw');
    expect(error).toMatchObject({ name: 'TypeError', message: 'no such pixel', retry: true });
    expect(error.stack).toContain('handlers.ts');
  });

  test('passes on the wait of RetryAfter', async () => {
    const ended = await end(tasks.retryAfter);
    expect(ended).toMatchObject({ kind: 'threw', waitMs: 7_000 });
    expect(failure(ended, 'threw')).toMatchObject({
      name: 'RetryAfter',
      message: 'the shop is closed',
      retry: true,
    });
  });

  test('ends without a failure at Snooze', async () => {
    const ended = await end(tasks.snooze);
    expect(ended).toEqual({ kind: 'snoozed', waitMs: expect.any(Number) });
    expect(ended.kind === 'snoozed' && ended.waitMs).toBeGreaterThan(0);
    expect(ended.kind === 'snoozed' && ended.waitMs).toBeLessThanOrEqual(60_000);
  });

  test('asks the handler whether another attempt may help', async () => {
    expect(failure(await end(tasks.retryIf, { kind: 'type' }), 'threw').retry).toBe(false);
    expect(failure(await end(tasks.retryIf, { kind: 'other' }), 'threw').retry).toBe(true);
  });

  test('forbids a retry after Unrecoverable', async () => {
    const error = failure(await end(tasks.giveUp), 'threw');
    expect(error).toMatchObject({ name: 'Unrecoverable', retry: false });
  });

  test('refuses a payload that does not match the schema, and forbids a retry', async () => {
    const error = failure(await end(tasks.double, { n: 'two' }), 'threw');
    expect(error).toMatchObject({ name: 'SCHEMA_MISMATCH', retry: false });
    expect(returned(await end(tasks.double, { n: 2 }))).toBe(4);
  });

  test('refuses a result that does not match the schema, and allows a retry', async () => {
    const error = failure(await end(tasks.misreturn), 'threw');
    expect(error).toMatchObject({ name: 'SCHEMA_MISMATCH', retry: true });
  });

  test('refuses bytes that are not a payload', async () => {
    const broken = { ...assign(tasks.echo), payload: Uint8Array.of(0xc1) };
    const error = failure(await runner.run(broken).ended, 'threw');
    expect(error).toMatchObject({ name: 'PAYLOAD_INVALID', retry: false });
  });

  test('names a handler that is missing', async () => {
    const error = failure(await runner.run(assign(tasks.unbound)).ended, 'threw');
    expect(error).toMatchObject({ name: 'HANDLER_NOT_FOUND', retry: true });
    expect(error.message).toContain(tasks.unbound.name);
  });

  test.each([
    ['deadline', 'DEADLINE_EXCEEDED'],
    ['cancelled', 'TASK_CANCELLED'],
    ['drain', 'SHUTTING_DOWN'],
  ] as const)('aborts the signal with a reason: %s', async (reason, code) => {
    const run = runner.run(assign(tasks.untilAborted, here()));
    await lighthouse.next();
    run.abort(reason);
    run.abort('drain');
    expect(failure(await run.ended, 'threw')).toMatchObject({ name: code, retry: true });
  });

  test('lets a handler return although its signal is aborted', async () => {
    const run = runner.run(assign(tasks.returnWhenAborted, here()));
    await lighthouse.next();
    run.abort('cancelled');
    expect(returned(await run.ended)).toBe('in time');
  });

  test('leaves the next run alone when an ended run is aborted or killed', async () => {
    const first = runner.run(assign(tasks.echo, 1));
    await first.ended;
    const second = runner.run(assign(tasks.wait, { ...here(), text: 'second' }));
    const beacon = await lighthouse.next();
    first.abort('cancelled');
    first.kill();
    beacon.release();
    expect(returned(await second.ended)).toBe('second');
  });

  test('reuses its slot', async () => {
    const first = await reportOf();
    const second = await reportOf();
    expect(second).toMatchObject({ pid: first.pid, threadId: first.threadId });
    expect(second.calls).toBe(first.calls + 1);
  });

  test('runs as many tasks at once as it has slots, each with its own result', async () => {
    const wide = await started(kind, 3);
    const runs = ['a', 'b', 'c'].map((text) => wide.run(assign(tasks.wait, { ...here(), text })));
    const beacons = [await lighthouse.next(), await lighthouse.next(), await lighthouse.next()];
    expect(beacons.map(({ text }) => text).toSorted()).toEqual(['a', 'b', 'c']);
    for (const beacon of beacons.toReversed()) {
      beacon.release();
    }
    const ends = await Promise.all(runs.map(async (run) => run.ended));
    expect(ends.map(returned)).toEqual(['a', 'b', 'c']);
    await wide.close();
  });
});

describe.each(runnerKinds)('the %s runner, given what cannot travel', (kind) => {
  let runner: Runner;

  beforeAll(async () => {
    runner = await started(kind, 1);
  });

  afterAll(() => runner.close());

  const endOf = async (task: AnyTask, what: string): Promise<RunEnd> =>
    runner.run(assign(task, { what })).ended;

  test.each([
    'function',
    'symbol',
    'cycle',
    'depth 10000',
    '2n ** 70n',
    'lone surrogate',
    'throwing proxy',
    'throwing getter',
  ])('refuses a result by name, and serves on: %s', async (what) => {
    const error = failure(await endOf(tasks.returnOdd, what), 'threw');
    expect(error).toMatchObject({ name: 'PAYLOAD_INVALID', retry: false });
    expect(error.message).toContain("result of task 'return-odd'");
    expect(returned(await runner.run(assign(tasks.echo, 'next')).ended)).toBe('next');
  });

  test.each([
    ['undefined', /^undefined$/],
    ['function', /^\[Function \(anonymous\)\]$/],
    ['named function', /^\[Function: named\]$/],
    ['object', /^\{ status: 500, body: \{ reason: 'it broke', .*\}$/],
    ['empty name', /^it broke$/],
    ['symbol', /^Symbol\(s\)$/],
    ['bigint', /^1180591620717411303424n$/],
  ])('reports whatever was thrown, on one line and with a name: %s', async (what, message) => {
    const error = failure(await endOf(tasks.throwOdd, what), 'threw');
    expect(error).toMatchObject({ name: 'Error', retry: true });
    expect(error.message).toMatch(message);
  });

  test('keeps what a run enters into AsyncLocalStorage to that run', async () => {
    for (let run = 0; run < 3; run += 1) {
      const seen = returned(await runner.run(assign(tasks.enterStore)).ended);
      expect(seen).toEqual({ seen: null, own: 'of another run' });
    }
  });
});

test('an inline run cannot be killed, and close aborts it', async () => {
  const runner = await started('inline', 1);
  const run = runner.run(assign(tasks.untilAborted, here()));
  await lighthouse.next();
  expect(run.kill()).toBe(false);
  await runner.close();
  expect(failure(await run.ended, 'threw')).toMatchObject({ name: 'SHUTTING_DOWN' });
});

describe.each(['thread', 'process'] as const)('the %s runner, by force', (kind) => {
  let runner: Runner;

  beforeAll(async () => {
    runner = await started(kind, 1);
  });

  afterAll(() => runner.close());

  const kindOfCode = kind === 'thread' ? 'exit code' : 'signal SIGTERM';

  test('kills a handler that blocks its event loop', async () => {
    const run = runner.run(assign(tasks.spin, here()));
    const beacon = await lighthouse.next();
    run.abort('deadline');
    expect(run.kill()).toBe(true);
    const error = failure(await run.ended, 'died');
    expect(error).toMatchObject({ name: 'RUNNER_DIED', retry: true });
    expect(error.message).toContain(kindOfCode);
    await beacon.gone;
  });

  test('replaces a killed slot, and the next run waits for the new one', async () => {
    const run = runner.run(assign(tasks.spin, here()));
    await lighthouse.next();
    run.kill();
    await run.ended;
    const next = runner.run(assign(tasks.report));
    expect(tasks.asReport(returned(await next.ended)).calls).toBe(1);
  });

  test('ends a run that is stopped before it has a slot', async () => {
    const [blocking, aborted, killed] = [tasks.spin, tasks.echo, tasks.echo].map((task) =>
      runner.run(assign(task, here())),
    );
    await lighthouse.next();
    aborted?.abort('cancelled');
    killed?.kill();
    expect(await aborted?.ended).toMatchObject({
      kind: 'threw',
      error: { name: 'TASK_CANCELLED' },
    });
    expect(await killed?.ended).toMatchObject({ kind: 'died', error: { name: 'RUNNER_DIED' } });
    blocking?.kill();
    await blocking?.ended;
  });

  test('reports a handler that exits, with its code', async () => {
    const { ended } = runner.run(assign(tasks.exit));
    expect(failure(await ended, 'died').message).toContain('exit code 3');
  });

  test('reports an uncaught error', async () => {
    const { ended } = runner.run(assign(tasks.uncaught));
    const message = kind === 'thread' ? 'nobody catches this' : 'exit code 1';
    expect(failure(await ended, 'died').message).toContain(message);
  });

  test.each(['exit 0', 'exit 1', 'throw in a timer', 'rejection'])(
    'costs one attempt, and the slot is back, after: %s',
    async (how) => {
      const error = failure(await runner.run(assign(tasks.die, { how })).ended, 'died');
      expect(error).toMatchObject({ name: 'RUNNER_DIED', retry: true });
      expect(returned(await runner.run(assign(tasks.echo, 'next')).ended)).toBe('next');
    },
  );

  test.each(['loop', 'Atomics.wait', 'a promise'])(
    'kills a run that does not heed its signal: %s',
    async (how) => {
      const run = runner.run(assign(tasks.hold, { ...here(), how }));
      await lighthouse.next();
      run.abort('deadline');
      run.kill();
      expect(failure(await run.ended, 'died').name).toBe('RUNNER_DIED');
      expect(returned(await runner.run(assign(tasks.echo, 'next')).ended)).toBe('next');
    },
  );

  test('replaces a slot that dies while it is idle', async () => {
    const { ended } = runner.run(assign(tasks.returnThenExit, here()));
    const beacon = await lighthouse.next();
    expect(returned(await ended)).toBe('returned');
    beacon.release();
    await beacon.gone;
    // The slot may get this run before its exit is noticed.
    const next = await runner.run(assign(tasks.report)).ended;
    const retried = next.kind === 'died' ? await runner.run(assign(tasks.report)).ended : next;
    expect(tasks.asReport(returned(retried)).calls).toBe(1);
  });

  test('does not start with a module that cannot be imported', async () => {
    const broken = new URL('../support/fixtures/modules/throws.mjs', import.meta.url).href;
    const open = kind === 'thread' ? threadRunner : processRunner;
    const refused = await refusalOf(open(broken, 2).start());
    expect(refused.code).toBe('HANDLER_INVALID');
    expect(refused.message).toContain('throws.mjs');
  });

  test('does not start with a module that ends its slot', async () => {
    const exits = new URL('../support/fixtures/modules/exits.mjs', import.meta.url).href;
    const open = kind === 'thread' ? threadRunner : processRunner;
    const refused = await refusalOf(open(exits, 1).start());
    expect(refused.code).toBe('RUNNER_DIED');
    expect(refused.message).toContain('exit code 7');
  });

  test('ignores messages that the handler sends to its own parent', async () => {
    expect(returned(await runner.run(assign(tasks.impostor)).ended)).toBe('unharmed');
    expect(returned(await runner.run(assign(tasks.echo, 'next')).ended)).toBe('next');
  });

  test('ends busy runs when it is closed, and refuses later ones', async () => {
    const closing = await started(kind, 2);
    const run = closing.run(assign(tasks.spin, here()));
    const beacon = await lighthouse.next();
    await closing.close();
    await beacon.gone;
    expect(failure(await run.ended, 'died').name).toBe('RUNNER_DIED');
    expect((await closing.run(assign(tasks.echo)).ended).kind).toBe('died');
    await closing.close();
  });
});

test('a closed thread runner leaves no thread in the kernel', async () => {
  const cycle = async (): Promise<void> => {
    const runner = await started('thread', 2);
    await runner.run(assign(tasks.echo)).ended;
    await runner.close();
  };
  await cycle();
  const before = threadCount();
  await cycle();
  expect(threadCount()).toBe(before);
});

test('a closed process runner leaves no process in the kernel', async () => {
  const before = childPids();
  const runner = await started('process', 2);
  const run = runner.run(assign(tasks.spin, here()));
  const pid = Number((await lighthouse.next()).text);
  expect(childPids()).toContain(pid);
  expect(childPids()).toHaveLength(before.length + 2);
  await runner.close();
  await run.ended;
  expect(childPids()).toEqual(before);
});

describe('a process of the process runner', () => {
  let runner: Runner;

  beforeAll(async () => {
    runner = await started('process', 1);
  });

  afterAll(() => runner.close());

  test.each([
    [tasks.abort, 'signal SIGABRT'],
    [tasks.segfault, 'signal SIGSEGV'],
  ])('costs one attempt when it crashes: $name', async (task, how) => {
    expect(failure(await runner.run(assign(task)).ended, 'died').message).toContain(how);
    expect(returned(await runner.run(assign(tasks.echo, 'next')).ended)).toBe('next');
  });

  test.each(['SIGKILL', 'SIGABRT', 'disconnect', 'closed descriptors'])(
    'costs one attempt, and the slot is back, after: %s',
    async (how) => {
      expect(failure(await runner.run(assign(tasks.die, { how })).ended, 'died')).toMatchObject({
        name: 'RUNNER_DIED',
      });
      expect(returned(await runner.run(assign(tasks.echo, 'next')).ended)).toBe('next');
    },
  );

  test('keeps changes of its title, environment and working directory to itself', async () => {
    const { title } = process;
    const directory = process.cwd();
    expect(returned(await runner.run(assign(tasks.changeProcess)).ended)).toBe('changed');
    expect(process.title).toBe(title);
    expect(process.env['MILLRACE_CHANGED']).toBeUndefined();
    expect(process.cwd()).toBe(directory);
  });

  test('outlives signals that are meant for the worker, until it is killed', async () => {
    const run = runner.run(assign(tasks.wait, { ...here(), text: 'unharmed' }));
    const beacon = await lighthouse.next();
    const [pid = 0] = childPids();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.kill(pid, signal);
    }
    beacon.release();
    expect(returned(await run.ended)).toBe('unharmed');
    const next = runner.run(assign(tasks.spin, here()));
    await lighthouse.next();
    next.kill();
    expect(failure(await next.ended, 'died').message).toContain('signal SIGTERM');
  });

  test('is gone before its run ends, even if it ignores SIGTERM', async () => {
    const run = runner.run(assign(tasks.ignoreTerm, here()));
    const pid = Number((await lighthouse.next()).text);
    expect(isAlive(pid)).toBe(true);
    run.kill();
    expect(failure(await run.ended, 'died').message).toContain('signal SIGKILL');
    expect(isAlive(pid)).toBe(false);
  });

  test('may still return a result while it is killed, which counts once it is gone', async () => {
    const run = runner.run(assign(tasks.returnOnTerm, here()));
    const pid = Number((await lighthouse.next()).text);
    run.kill();
    const next = runner.run(assign(tasks.echo, 'of the next run'));
    expect(returned(await run.ended)).toBe('late');
    expect(isAlive(pid)).toBe(false);
    expect(returned(await next.ended)).toBe('of the next run');
  });

  test('is killed together with the processes that it started', async () => {
    const run = runner.run(assign(tasks.withGrandchild, here()));
    const beacon = await lighthouse.next();
    const grandchild = Number(beacon.text);
    expect(isAlive(grandchild)).toBe(true);
    run.kill();
    await run.ended;
    await beacon.gone;
  });

  test.each([
    ['waits', tasks.wait],
    ['blocks its event loop', tasks.spin],
    ['masks SIGTERM and blocks its event loop', tasks.ignoreTerm],
  ])('dies with its parent while its handler %s', async (_what, task) => {
    const program = fileURLToPath(new URL('../support/fixtures/run-one.mjs', import.meta.url));
    const parent = spawn(process.execPath, [program, task.name, lighthouse.path]);
    const beacon = await lighthouse.next();
    parent.kill('SIGKILL');
    await beacon.gone;
  });
});
