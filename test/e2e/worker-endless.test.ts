import { defineTask, limits } from '@millrace/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Lighthouse } from '../support/fixtures/lighthouse.ts';
import { type Stage, stages } from '../support/stage.ts';

const openStage = stages();
const handlers = new URL('../support/fixtures/modules/blocking.ts', import.meta.url);

interface At {
  readonly path: string;
}

const killed = { code: null, signal: 'SIGKILL' };

let stage: Stage;
let lighthouse: Lighthouse;
let at: At;

beforeEach(async () => {
  stage = await openStage();
  lighthouse = await Lighthouse.open();
  at = { path: lighthouse.path };
  await stage.manager();
});

afterEach(() => lighthouse.close());

test('a worker in an endless loop says where, ends itself after the last deadline, and its neighbours run elsewhere', async () => {
  const first = await stage.worker(handlers, { name: 'first' });
  const client = await stage.connect();
  const neighbour = await client.enqueue(
    defineTask<At, number>('neighbour', { deadlineMs: 1_500 }),
    at,
  );
  await lighthouse.next();
  const spin = await client.enqueue(defineTask<At>('spin', { attempts: 1, deadlineMs: 1_000 }), at);
  await lighthouse.next();
  const [line] = await first.line(/.*the event loop is blocked for .*/);
  expect(line).toContain("by a task 'spin', in spinFor (/");
  expect(line).toMatch(/blocking\.ts:\d+/);
  expect(line).toContain(spin.id);
  expect(await first.exited).toEqual(killed);
  expect(first.output).toMatch(/the deadlines of all tasks that this worker holds have passed/);
  await stage.worker(handlers, { name: 'second' });
  (await lighthouse.next()).release();
  expect(await neighbour.result()).toBeGreaterThanOrEqual(1);
});

test('a shorter kill grace ends a handler that does not heed its signal sooner', async () => {
  const graceMs = 100;
  const env = { MILLRACE_KILL_GRACE_MS: String(graceMs) };
  await stage.worker(handlers, { name: 'strict', env });
  const client = await stage.connect();
  const deadlineMs = 200;
  const stubborn = defineTask<At, number>('neighbour', { attempts: 1, deadlineMs });
  const ended = client.run(stubborn, at, { timeoutMs: limits.killGraceMs });
  await expect(ended).rejects.toMatchObject({
    code: 'TASK_DEAD',
    remote: { name: 'DEADLINE_EXCEEDED' },
  });
  const refused = await stage.cli(['worker', 'absent.mjs'], { MILLRACE_KILL_GRACE_MS: '10001' });
  expect(refused.stderr).toMatch(
    /MILLRACE_KILL_GRACE_MS: a whole number from 0 to 10000 is needed/,
  );
});
