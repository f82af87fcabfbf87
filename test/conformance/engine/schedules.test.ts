import type { ScheduleSpec } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { bytes, type EngineStage, failure, queueSpec, task } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const spec = (name: string, options: Partial<ScheduleSpec> = {}): ScheduleSpec => ({
  name,
  cron: undefined,
  timeZone: undefined,
  everyMs: options.cron === undefined ? MINUTE_MS : undefined,
  startAtMs: undefined,
  endAtMs: undefined,
  jitterMs: 0,
  missed: 'skip',
  queue: 'q',
  task: 'work',
  payload: bytes('input'),
  priority: 0,
  delayMs: 0,
  deadlineMs: null,
  attempts: 1,
  expiresInMs: undefined,
  ...options,
});

const put = (stage: EngineStage, name: string, options: Partial<ScheduleSpec> = {}) =>
  stage.engine.schedule({ schedule: spec(name, options), origin: 'api' });

const show = async (stage: EngineStage, name = 's') => {
  const info = await stage.engine.showSchedule(name);
  if (info === 'UNKNOWN_SCHEDULE') {
    throw new Error(`there is no schedule ${name}`);
  }
  return info;
};

/** The ticks of the kept runs. */
const ticks = async (stage: EngineStage, name = 's'): Promise<string[]> =>
  (await show(stage, name)).runs.map(({ tickAtMs }) => new Date(tickAtMs).toISOString());

const kinds = async (stage: EngineStage, name = 's'): Promise<string[]> =>
  (await show(stage, name)).runs.map(({ kind }) => kind);

const setClock = (stage: EngineStage, time: string): void =>
  stage.clock.stepWall(Date.parse(time) - stage.clock.wallMs());

/** Lets an hour pass so often, with all its timers. */
const hours = async (stage: EngineStage, count: number): Promise<void> => {
  for (let hour = 0; hour < count; hour++) {
    await stage.advance(HOUR_MS);
  }
};

const ready = async (stage: EngineStage): Promise<number> => {
  const size = await stage.engine.size('q');
  return typeof size === 'string' ? 0 : size.ready;
};

onEachEngine('a schedule', (open) => {
  test('adds a task with its input at each tick, and none between', async () => {
    const stage = await open();
    expect(await put(stage, 's')).toBe('created');
    await stage.advance(MINUTE_MS - 1);
    expect(await ready(stage)).toBe(0);
    await stage.advance(1);
    const [grant] = await stage.claim('a');
    expect(Buffer.from(grant?.payload ?? []).toString()).toBe('input');
    await stage.advance(3 * MINUTE_MS);
    expect(await ready(stage)).toBe(3);
    expect(await kinds(stage)).toEqual(['tick', 'tick', 'tick', 'tick']);
  });

  test('counts from its start, and ends with its end', async () => {
    const stage = await open();
    setClock(stage, '2026-01-01T00:00:30Z');
    const startAtMs = Date.parse('2026-01-01T00:05:00Z');
    await put(stage, 's', { startAtMs, endAtMs: startAtMs + 2 * MINUTE_MS });
    await stage.advance(HOUR_MS);
    expect(await ticks(stage)).toEqual([
      '2026-01-01T00:05:00.000Z',
      '2026-01-01T00:06:00.000Z',
      '2026-01-01T00:07:00.000Z',
    ]);
    expect((await show(stage)).nextAtMs).toBeUndefined();
  });

  test('spreads its tasks by the jitter, the same for one tick each time', async () => {
    const stage = await open();
    const names = Array.from({ length: 20 }, (_, n) => `s${n}`);
    for (const name of names) {
      await put(stage, name, { jitterMs: 30 * SECOND_MS });
    }
    await stage.advance(MINUTE_MS - 1);
    expect(await ready(stage)).toBe(0);
    await stage.advance(15 * SECOND_MS);
    const early = await ready(stage);
    expect(early).toBeGreaterThan(0);
    expect(early).toBeLessThan(20);
    await stage.advance(16 * SECOND_MS);
    expect(await ready(stage)).toBe(20);
  });

  test('is unchanged by an equal one, which keeps its rhythm, and ticks next after a change', async () => {
    const stage = await open();
    await put(stage, 's');
    await stage.advance(40 * SECOND_MS);
    expect(await put(stage, 's')).toBe('unchanged');
    await stage.advance(20 * SECOND_MS);
    expect(await ready(stage)).toBe(1);
    expect(await put(stage, 's', { cron: '0 0 1 1 *' })).toBe('changed');
    await stage.advance(HOUR_MS);
    expect(await ready(stage)).toBe(1);
    expect((await show(stage)).runs).toHaveLength(1);
  });

  test('makes no tasks while it is paused, and misses none', async () => {
    const stage = await open();
    await put(stage, 's', { missed: 'all' });
    await stage.engine.pauseSchedule({ name: 's', isPaused: true });
    await stage.engine.pauseSchedule({ name: 's', isPaused: true });
    expect(stage.engine.report().schedules).toMatchObject({ total: 1, paused: 1 });
    await stage.advance(10 * MINUTE_MS);
    await stage.reopen();
    expect(stage.engine.report().schedules).toMatchObject({ total: 1, paused: 1 });
    await stage.advance(30 * SECOND_MS);
    await stage.engine.pauseSchedule({ name: 's', isPaused: false });
    expect(await ready(stage)).toBe(0);
    await stage.advance(30 * SECOND_MS);
    expect(await ready(stage)).toBe(1);
    expect((await show(stage)).skipped).toBe(0);
  });

  test('runs now without moving its ticks, also sent again', async () => {
    const stage = await open();
    await put(stage, 's');
    const request = { name: 's', newTaskId: 'mine' };
    expect(await stage.engine.runSchedule(request)).toEqual({ taskId: 'mine', isNew: true });
    expect(await stage.engine.runSchedule(request)).toEqual({ taskId: 'mine', isNew: true });
    await stage.advance(MINUTE_MS);
    expect(await kinds(stage)).toEqual(['now', 'tick']);
    expect(await stage.engine.runSchedule({ name: 'x', newTaskId: 'other' })).toBe(
      'UNKNOWN_SCHEDULE',
    );
  });

  test('is removed with its history, and another of its name begins anew', async () => {
    const stage = await open();
    await put(stage, 's');
    await stage.advance(2 * MINUTE_MS);
    expect(await stage.engine.removeSchedule('s')).toBe('removed');
    expect(await stage.engine.removeSchedule('s')).toBe('UNKNOWN_SCHEDULE');
    await put(stage, 's', { everyMs: HOUR_MS });
    await stage.advance(MINUTE_MS);
    expect(await ready(stage)).toBe(2);
    const grant = await stage.claimOne('a');
    await stage.engine.runSchedule({ name: 's', newTaskId: 'new' });
    await stage.settle('a', grant, 'succeeded');
    expect((await show(stage)).runs).toMatchObject([{ taskId: 'new', outcome: 'running' }]);
  });

  test('knows how its last runs ended, also those that were retried', async () => {
    const stage = await open();
    await put(stage, 's');
    await stage.advance(2 * MINUTE_MS);
    await stage.settle('a', await stage.claimOne('a'), 'succeeded');
    const dead = await stage.claimOne('a');
    await stage.settle('a', dead, 'failed', { error: failure('no') });
    const outcomes = async (): Promise<string[]> =>
      (await show(stage)).runs.map(({ outcome }) => outcome);
    expect(await outcomes()).toEqual(['succeeded', 'dead']);
    await stage.engine.retry([{ taskId: dead.taskId, newTaskId: 'again' }]);
    await stage.settle('a', await stage.claimOne('a'), 'succeeded');
    expect(await outcomes()).toEqual(['succeeded', 'succeeded']);
    await stage.advance(55 * MINUTE_MS);
    expect((await show(stage)).runs).toHaveLength(50);
  });

  test('makes no task while the one before is unfinished, if they have an idempotency key', async () => {
    const stage = await open();
    await put(stage, 's', { options: { once: { key: 'one', forMs: undefined } } });
    await stage.advance(2 * MINUTE_MS);
    expect(await ready(stage)).toBe(1);
    const [first, second] = (await show(stage)).runs;
    expect(second).toMatchObject({ outcome: 'joined', taskId: first?.taskId });
    await stage.settle('a', await stage.claimOne('a'), 'succeeded');
    await stage.advance(MINUTE_MS);
    expect(await ready(stage)).toBe(1);
  });

  test('waits for room in a full queue, and its task comes once for all that it waited for', async () => {
    const stage = await open({ queues: [queueSpec('q', { maxItems: 1 })] });
    await put(stage, 's');
    await stage.enqueue(task('t'));
    await stage.advance(3 * MINUTE_MS);
    const { delayed, runs } = await show(stage);
    expect(runs).toEqual([]);
    expect(delayed).toMatch(/^queue 'q' holds 1 of 1 items/);
    expect([...stage.engine.report().schedules.delayed.keys()]).toEqual(['s']);
    await stage.crash();
    stage.sessions('a');
    expect((await show(stage)).delayed).toBeDefined();
    await stage.settle('a', await stage.claimOne('a'), 'succeeded');
    await stage.advance(5 * SECOND_MS);
    expect(await kinds(stage)).toEqual(['tick']);
    expect(stage.engine.report().schedules.delayed.size).toBe(0);
  });

  test('is listed page by page, and of one origin', async () => {
    const stage = await open();
    const names = Array.from({ length: 250 }, (_, n) => `s${String(n).padStart(3, '0')}`);
    await Promise.all(names.map((name) => put(stage, name, { cron: '0 3 * * *' })));
    const found: string[] = [];
    for (let after: string | undefined, isMore = true; isMore; ) {
      const page = await stage.engine.listSchedules({ after });
      found.push(...page.schedules.map(({ name }) => name));
      after = page.next;
      isMore = after !== undefined;
    }
    expect(found).toEqual(names);
    const fromFile = [spec('f1'), spec('f2')];
    expect(await stage.engine.declareSchedules(fromFile)).toBeUndefined();
    expect(await put(stage, 'f1', { everyMs: HOUR_MS })).toMatchObject({ refused: 'BAD_OPTION' });
    expect(await stage.engine.removeSchedule('f1')).toMatchObject({ refused: 'BAD_OPTION' });
    expect(await stage.engine.declareSchedules([spec('f2'), spec('s000')])).toMatchObject({
      refused: 'BAD_OPTION',
    });
    expect(await stage.engine.declareSchedules([spec('f2')])).toBeUndefined();
    expect(await stage.engine.showSchedule('f1')).toBe('UNKNOWN_SCHEDULE');
    expect(stage.engine.report().schedules.total).toBe(251);
  });

  test.each<[Partial<ScheduleSpec>, string, RegExp]>([
    [{ cron: 'x' }, 'BAD_OPTION', /cron 'x' is not a cron expression/],
    [{ cron: '0 0 30 2 *' }, 'BAD_OPTION', /never fires/],
    [{ cron: '* * * * *', timeZone: 'Mars/Olympus' }, 'BAD_OPTION', /timeZone .*'Mars\/Olympus'/],
    [{ everyMs: 0 }, 'BAD_OPTION', /everyMs is at least 1000, not 0/],
    [{ everyMs: undefined }, 'BAD_OPTION', /give cron or everyMs$/],
    [{ cron: '* * * * *', everyMs: 5_000 }, 'BAD_OPTION', /not both/],
    [{ jitterMs: MINUTE_MS }, 'BAD_OPTION', /jitterMs is less than everyMs/],
    [{ timeZone: 'UTC' }, 'BAD_OPTION', /timeZone is for cron/],
    [{ startAtMs: 10, endAtMs: 5 }, 'BAD_OPTION', /endAt is not before startAt|never fires/],
    [{ startAtMs: 9e13 }, 'BAD_OPTION', /within ten years/],
    [{ task: '' }, 'BAD_OPTION', /have names/],
    [{ queue: 'nowhere' }, 'UNKNOWN_QUEUE', /no queue 'nowhere'/],
  ])('is refused: %o', async (options, code, message) => {
    const stage = await open();
    expect(await put(stage, 's', options)).toEqual({
      refused: code,
      message: expect.stringMatching(message),
    });
    expect(stage.engine.report().schedules.total).toBe(0);
  });
});

onEachEngine('after a crash, a schedule', (open) => {
  test('has exactly one task for a tick, whether its batch was durable or not', async () => {
    const stage = await open();
    await put(stage, 's', { missed: 'all' });
    const startedAtMs = stage.clock.wallMs();
    for (let crash = 1; crash <= 3; crash++) {
      await stage.advance(MINUTE_MS - 1);
      stage.journal.hold();
      stage.clock.moveTo(stage.clock.monotonicMs() + 1);
      while (stage.clock.runNext(stage.clock.monotonicMs())) {}
      await stage.journal.held();
      if (crash === 2) {
        stage.journal.release();
        await stage.flushed();
      }
      await stage.crash();
      await stage.advance(0);
    }
    const found = await ticks(stage);
    const passed = Math.floor((stage.clock.wallMs() - startedAtMs) / MINUTE_MS);
    expect(new Set(found).size).toBe(passed);
    expect(await ready(stage)).toBe(passed);
  });
});

onEachEngine('a manager that was down for three days', (open) => {
  const days = async (missed: ScheduleSpec['missed'], cron = '0 * * * *'): Promise<EngineStage> => {
    const stage = await open();
    setClock(stage, '2026-05-01T12:30:00Z');
    await put(stage, 's', { cron, missed });
    await stage.reopen();
    stage.clock.moveTo(stage.clock.monotonicMs() + 3 * DAY_MS);
    await stage.advance(0);
    await stage.advance(SECOND_MS);
    return stage;
  };

  test('leaves the missed ticks out', async () => {
    const stage = await days('skip');
    expect(await ready(stage)).toBe(0);
    expect((await show(stage)).skipped).toBe(72);
    await stage.advance(HOUR_MS);
    expect(await ticks(stage)).toEqual(['2026-05-04T13:00:00.000Z']);
  });

  test('makes one run for all of them', async () => {
    const stage = await days('once');
    expect(await ticks(stage)).toEqual(['2026-05-04T12:00:00.000Z']);
    expect(await kinds(stage)).toEqual(['missed']);
    expect((await show(stage)).skipped).toBe(71);
  });

  test('makes a run for each of them', async () => {
    const stage = await days('all');
    expect(await ready(stage)).toBe(72);
    expect((await ticks(stage)).at(-1)).toBe('2026-05-04T12:00:00.000Z');
    expect((await show(stage)).skipped).toBe(0);
  });

  test('makes a hundred runs at most, the last ones', async () => {
    const stage = await days('all', '*/10 * * * * *');
    expect(await ready(stage)).toBe(100);
    expect((await show(stage)).skipped).toBe(900);
    expect((await ticks(stage)).at(-1)).toBe('2026-05-04T12:30:00.000Z');
  });
});

onEachEngine('a step of the clock', (open) => {
  test('forward makes ticks missed', async () => {
    const stage = await open();
    await put(stage, 's', { missed: 'once' });
    stage.clock.stepWall(2 * DAY_MS + 30 * SECOND_MS);
    await stage.advance(2 * SECOND_MS);
    expect(await kinds(stage)).toEqual(['missed']);
    await stage.advance(MINUTE_MS);
    expect(await kinds(stage)).toEqual(['missed', 'tick']);
  });

  test('back repeats no tick', async () => {
    const stage = await open();
    await put(stage, 's');
    await stage.advance(10 * MINUTE_MS);
    stage.clock.stepWall(-5 * MINUTE_MS);
    await stage.advance(5 * MINUTE_MS);
    expect(await ready(stage)).toBe(10);
    await stage.advance(MINUTE_MS);
    expect(new Set(await ticks(stage)).size).toBe(11);
  });

  test.each(['while it runs', 'while it is down'])(
    'back by days %s lets schedules go on, with a finding',
    async (when) => {
      const stage = await open();
      await put(stage, 's');
      await put(stage, 'rare', { everyMs: 30 * DAY_MS });
      await stage.advance(10 * MINUTE_MS);
      stage.clock.stepWall(-2 * DAY_MS);
      if (when === 'while it is down') {
        await stage.crash();
      }
      await stage.advance(2 * MINUTE_MS + 2 * SECOND_MS);
      expect(await ready(stage)).toBe(12);
      expect(stage.engine.report().schedules.setBack).toBe(1);
      expect((await show(stage, 'rare')).nextAtMs).toBeGreaterThan(
        stage.clock.wallMs() + 31 * DAY_MS,
      );
      await stage.advance(HOUR_MS);
      expect(stage.engine.report().schedules.setBack).toBe(0);
    },
  );
});

onEachEngine('a change to or from summer time in Berlin', (open) => {
  const over = async (start: string, cron: string, missed: ScheduleSpec['missed'] = 'skip') => {
    const stage = await open();
    setClock(stage, start);
    await put(stage, 's', { cron, timeZone: 'Europe/Berlin', missed });
    await hours(stage, 30);
    return ticks(stage);
  };

  test('a time of day that is skipped comes right after the gap', async () => {
    expect(await over('2026-03-28T12:00:00Z', '30 2 * * *')).toEqual(['2026-03-29T01:00:00.000Z']);
  });

  test('a time of day that comes twice ticks once, also in a list', async () => {
    expect(await over('2026-10-24T20:00:00Z', '30 2,14 * * *')).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-25T13:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
  });

  test.each(['2026-03-28T20:00:00Z', '2026-10-24T20:00:00Z'])(
    'every hour of the clock ticks, from %s',
    async (start) => {
      expect(await over(start, '0 * * * *')).toHaveLength(30);
    },
  );
});

onEachEngine('many schedules', (open) => {
  test('that are due at the same moment fire in steps, each once', async () => {
    const stage = await open();
    const specs = Array.from({ length: 3_000 }, (_, n) => spec(`s${n}`, { cron: '0 * * * *' }));
    await stage.engine.declareSchedules(specs);
    await stage.advance(HOUR_MS);
    expect(await ready(stage)).toBe(3_000);
    await stage.reopen();
    await stage.advance(HOUR_MS);
    expect(await ready(stage)).toBe(6_000);
  });

  test('cost nothing while none is due', async () => {
    const stage = await open();
    const specs = Array.from({ length: 1_000 }, (_, n) => spec(`s${n}`, { everyMs: 2 * HOUR_MS }));
    await stage.engine.declareSchedules(specs);
    await stage.flushed();
    const { commits, reads } = stage.journal;
    await stage.advance(HOUR_MS);
    expect(stage.journal.reads - reads).toBe(0);
    expect(stage.journal.commits - commits).toBeLessThan(10);
  });
});
