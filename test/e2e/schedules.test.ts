import { writeFileSync } from 'node:fs';
import type { Client } from '@millrace/client';
import type { ScheduleTiming } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { refusalOf } from '../support/fixtures/refusal.ts';
import { type Stage, stages } from '../support/stage.ts';
import { double, judged, unhandled } from './tasks.ts';

const openStage = stages();
const handlers = new URL('handlers.ts', import.meta.url);

/** So far ahead that it does not tick in a test. */
const rare = { cron: '0 0 1 1 *', timeZone: 'Europe/Berlin' } as const;

const open = async (): Promise<{ stage: Stage; client: Client }> => {
  const stage = await openStage();
  await stage.manager();
  return { stage, client: await stage.connect() };
};

const names = async (client: Client): Promise<string[]> => {
  const found: string[] = [];
  for await (const { name } of client.schedules()) {
    found.push(name);
  }
  return found;
};

test('a schedule makes tasks that run, over a restart of its manager, and knows their outcomes', async () => {
  const { client, stage } = await open();
  const often = { everyMs: 1_000, task: double, input: { n: 4 } };
  expect(await client.schedule('often', often)).toBe('created');
  expect(await client.schedule('often', often)).toBe('unchanged');
  await stage.worker(handlers);
  const outcomes = async (): Promise<string[]> =>
    (await client.showSchedule('often')).runs.map(({ outcome }) => outcome);
  await expect.poll(outcomes).toContain('succeeded');
  const { runs } = await client.showSchedule('often');
  expect(await client.task(double, runs[0]?.taskId ?? '').result()).toBe(8);
  expect(runs[0]?.kind).toBe('tick');
  const ran = await client.runSchedule('often');
  expect(await ran.result()).toBe(8);
  expect(await client.schedule('often', { ...often, everyMs: 2_000 })).toBe('changed');
  expect((await client.status()).schedules).toEqual({ total: 1, paused: 0, delayed: 0 });
});

test('schedules are listed, paused, resumed and removed', async () => {
  const { client } = await open();
  await client.schedule('b', { ...rare, task: unhandled, input: 1, jitterMs: 5_000 });
  await client.schedule('a', { everyMs: 3_600_000, task: unhandled, input: 1 });
  expect(await names(client)).toEqual(['a', 'b']);
  await client.pauseSchedule('a');
  const paused = await client.showSchedule('a');
  expect(paused).toMatchObject({ isPaused: true, nextAt: undefined, everyMs: 3_600_000, input: 1 });
  await client.resumeSchedule('a');
  expect((await client.showSchedule('a')).nextAt).toBeInstanceOf(Date);
  await client.removeSchedule('a');
  expect(await names(client)).toEqual(['b']);
  for (const refused of [client.showSchedule('a'), client.runSchedule('a')]) {
    expect(await refusalOf(refused)).toMatchObject({ code: 'UNKNOWN_SCHEDULE' });
  }
});

test.each<[ScheduleTiming, RegExp]>([
  [
    { cron: '61 * * * *' },
    /cron '61 \* \* \* \*' is not a cron expression .*: Invalid value for minute: 61$/,
  ],
  [{ cron: 'x' }, /cron 'x' is not a cron expression of five or six fields$/],
  [{ cron: '0 0 30 2 *' }, /cron '0 0 30 2 \*' never fires$/],
  [{ ...rare, timeZone: 'Mars/Olympus' }, /timeZone is one of IANA .* not 'Mars\/Olympus'$/],
  [{ everyMs: 0 }, /everyMs is a whole number from 1000 to \d+, not 0$/],
  [{ ...rare, everyMs: 5_000 }, /give cron or everyMs, not both$/],
  [{}, /give cron or everyMs$/],
  [
    { ...rare, startAt: new Date('soon') },
    /startAt is a valid Date from 1970 on, not Invalid Date$/,
  ],
  [{ ...rare, endAt: new Date(-1) }, /endAt is a valid Date from 1970 on/],
  [
    { ...rare, startAt: new Date(20_000), endAt: new Date(10_000) },
    /never fires|endAt is not before/,
  ],
  [{ everyMs: 5_000, timeZone: 'UTC' }, /timeZone is for cron/],
  [{ everyMs: 5_000, jitterMs: 5_000 }, /jitterMs is less than everyMs$/],
])('the client refuses %o before anything is sent', async (timing, message) => {
  const { client } = await open();
  const refused = client.schedule('s', { ...timing, task: unhandled, input: 1 });
  expect(await refusalOf(refused)).toMatchObject({
    code: 'BAD_OPTION',
    message: expect.stringMatching(message),
  });
  expect(await names(client)).toEqual([]);
});

test('input, options and names are checked, too', async () => {
  const { client } = await open();
  const large = client.schedule('s', {
    ...rare,
    task: judged,
    input: { message: 'x'.repeat(70_000) },
  });
  expect(await refusalOf(large)).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  // @ts-expect-error -- the input of another type is the subject of this line
  const other = client.schedule('s', { ...rare, task: double, input: { n: 'four' } });
  expect(await refusalOf(other)).toMatchObject({ code: 'SCHEMA_MISMATCH' });
  const late = client.schedule('s', {
    ...rare,
    task: unhandled,
    input: 1,
    // @ts-expect-error -- an option that there is not is the subject of this line
    options: { runAt: new Date() },
  });
  expect(await refusalOf(late)).toMatchObject({
    message: expect.stringMatching(/leave out runAt/),
  });
  const nameless = client.schedule('', { ...rare, task: unhandled, input: 1 });
  expect(await refusalOf(nameless)).toMatchObject({ code: 'BAD_OPTION' });
  const lost = { ...unhandled, queue: 'nowhere' };
  const nowhere = client.schedule('s', { ...rare, task: lost, input: 1 });
  expect(await refusalOf(nowhere)).toMatchObject({ code: 'UNKNOWN_QUEUE' });
});

test('a schedule of the configuration comes and goes with it, and belongs to it', async () => {
  const stage = await openStage();
  const file = stage.path('millrace.toml');
  const table = (name: string, more: string): string =>
    `[schedules.${name}]\ntask = "unhandled"\ninput = { n = 1 }\n${more}\n`;
  writeFileSync(
    file,
    table('nightly', 'cron = "30 2 * * *"') + table('weekly', 'everyMs = 604800000'),
  );
  const first = await stage.manager();
  const client = await stage.connect();
  expect(await names(client)).toEqual(['nightly', 'weekly']);
  expect(await client.showSchedule('nightly')).toMatchObject({ origin: 'file', input: { n: 1 } });
  const taken = client.schedule('nightly', { ...rare, task: unhandled, input: 1 });
  for (const refused of [taken, client.removeSchedule('nightly')]) {
    expect(await refusalOf(refused)).toMatchObject({
      code: 'BAD_OPTION',
      message: "schedule 'nightly' is declared in the manager's configuration: change it there",
    });
  }
  await client.schedule('mine', { ...rare, task: unhandled, input: 1 });
  await first.end('SIGTERM');
  writeFileSync(file, table('weekly', 'everyMs = 604800000'));
  const second = await stage.manager();
  expect(await names(await stage.connect())).toEqual(['mine', 'weekly']);
  await second.end('SIGTERM');
  writeFileSync(file, table('mine', 'everyMs = 604800000'));
  const third = stage.launchManager();
  const { code } = await third.closed;
  expect(code).not.toBe(0);
  expect(third.output).toMatch(/BAD_OPTION: schedule 'mine' was made by a client/);
});

test.each([
  ['everyMs = 0', /schedules\.bad: .*everyMs is a whole number from 1000/],
  ['cron = "0 0 30 2 *"', /schedules\.bad: .*never fires/],
  [
    'everyMs = 5000\nstartAt = 2026-01-01',
    /schedules\.bad\.startAt: a date and time with its zone/,
  ],
  ['crn = "* * * * *"', /schedules\.bad has no key 'crn' \(did you mean cron\?\)/],
  ['everyMs = 5000\nmissed = "never"', /missed is one of skip, once, all, not "never"/],
  ['everyMs = 5000\noptions = { prio = 3 }', /options: no option 'prio'/],
])('the command line refuses a table with %j', async (lines, message) => {
  const stage = await openStage();
  writeFileSync(stage.path('millrace.toml'), `[schedules.bad]\ntask = "t"\n${lines}\n`);
  const { code, stderr } = await stage.cli(['config', 'print']);
  expect(code).not.toBe(0);
  expect(stderr).toMatch(/^millrace: BAD_OPTION: millrace\.toml: /);
  expect(stderr).toMatch(message);
});

test('the command line shows and operates schedules', async () => {
  const { client, stage } = await open();
  const cli = async (...args: readonly string[]): Promise<string> => {
    const { code, stderr, stdout } = await stage.cli(['schedule', ...args]);
    expect({ code, stderr }, args.join(' ')).toEqual({ code: 0, stderr: '' });
    return stdout;
  };
  await client.schedule('yearly', { ...rare, task: unhandled, input: 7 });
  const table = await cli('ls');
  expect(table).toMatch(/^SCHEDULE +WHEN +NEXT +TASK +QUEUE +ORIGIN$/m);
  expect(table).toMatch(
    /^yearly +0 0 1 1 \* Europe\/Berlin +\d{4}-12-31T23:00:00Z +unhandled +default +api$/m,
  );
  expect(await cli('next', 'yearly', '--count', '2')).toMatch(
    /^TICK +Europe\/Berlin\n\d{4}-12-31T23:00:00Z +\d{4}-01-01 00:00:00\n.*\n?$/m,
  );
  expect(JSON.parse(await cli('next', 'yearly', '--json'))).toHaveLength(10);
  const id = (await cli('run', 'yearly')).trim();
  const shown = await cli('show', 'yearly');
  expect(shown).toMatch(/^input +7$/m);
  expect(shown).toMatch(new RegExp(`now +running +${id}$`, 'm'));
  await client.task(id).cancel('no longer wanted');
  expect(JSON.parse(await cli('show', 'yearly', '--json'))).toMatchObject({
    runs: [{ taskId: id, kind: 'now', outcome: 'cancelled' }],
  });
  await cli('pause', 'yearly');
  expect(JSON.parse(await cli('ls', '--json'))).toMatchObject([{ name: 'yearly', isPaused: true }]);
  await cli('resume', 'yearly');
  await cli('rm', 'yearly');
  const gone = await stage.cli(['schedule', 'show', 'yearly']);
  expect(gone.stderr).toMatch(/UNKNOWN_SCHEDULE: no schedule 'yearly'/);
});
