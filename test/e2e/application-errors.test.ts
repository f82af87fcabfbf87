import { inspect } from 'node:util';
import { type Client, defineTask, TaskFailed } from 'millrace';
import { expect, test } from 'vitest';
import { stages } from '../support/stage.ts';

const openStage = stages();
const handlers = new URL('../support/fixtures/failing-handlers.ts', import.meta.url);
/** A port on which nothing listens. */
const PORT = 1;

const failureOf = async (client: Client, runner: string, way: string): Promise<TaskFailed> => {
  const task = defineTask<object>(`fail.${runner}`, { attempts: 1 });
  const error: unknown = await client
    .run(task, { way, port: PORT })
    .catch((caught: unknown) => caught);
  if (!(error instanceof TaskFailed)) {
    throw new Error(`not a failed task: ${inspect(error)}`);
  }
  return error;
};

test.each(['inline', 'thread', 'process'])(
  'an error of a handler that runs %s keeps its causes',
  async (runner) => {
    const stage = await openStage();
    await stage.manager();
    await stage.worker(handlers);
    const client = await stage.connect();
    const failed = (way: string): Promise<TaskFailed> => failureOf(client, runner, way);

    const fetched = await failed('fetch');
    expect(fetched.remote).toMatchObject({
      name: 'TypeError',
      message: 'fetch failed',
      cause: { message: expect.any(String) },
    });
    expect(inspect(fetched, { depth: 9 })).toMatch(/fetch failed[^]*\[cause\]/);

    expect((await failed('socket')).remote).toMatchObject({ code: 'ECONNREFUSED' });
    expect((await failed('socket')).message).toContain('ECONNREFUSED');

    const all = await failed('aggregate');
    expect(all.remote).toMatchObject({
      name: 'AggregateError',
      errors: [
        { name: 'TypeError', message: 'one' },
        { name: 'RangeError', message: 'two' },
      ],
    });
    expect(all.cause).toBeInstanceOf(AggregateError);
    expect((await failed('silent')).message).toContain('1 error: Error: only inside');

    const foreign = await failed('foreign');
    expect(foreign.code).toBe('TASK_DEAD');
    expect(foreign.remote).toMatchObject({ name: 'Error', message: 'gave up', code: 'TIMEOUT' });

    const round = await failed('cycle');
    expect(round.remote?.cause).toMatchObject({ message: 'and round' });
    expect(round.remote?.cause?.cause).toBeUndefined();
    expect((await failed('text')).remote?.cause).toMatchObject({ message: 'because' });
    expect((await failed('hostile')).remote).toMatchObject({ message: 'x' });
  },
);

test('causes outlive the manager, and are shown by the command line', async () => {
  const stage = await openStage();
  const first = await stage.manager();
  const worker = await stage.worker(handlers);
  const client = await stage.connect();
  const { taskId } = await failureOf(client, 'inline', 'socket');
  const dead = await failureOf(client, 'inline', 'aggregate');
  await worker.end('SIGTERM');
  await first.end('SIGKILL');
  await stage.manager({ port: first.port });
  expect((await client.task(taskId).inspect()).error).toMatchObject({ code: 'ECONNREFUSED' });
  const { code, stdout } = await stage.cli(['task', 'show', dead.taskId]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/one of AggregateError\n {2}TypeError: one\n/);
  const json = await stage.cli(['task', 'show', dead.taskId, '--json']);
  expect(JSON.parse(json.stdout)).toMatchObject({
    error: { errors: [{ message: 'one' }, { message: 'two' }] },
  });
});
