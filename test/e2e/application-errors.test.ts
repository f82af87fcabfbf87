import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { type Client, connect, defineTask, TaskFailed } from 'millrace';
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
    const told = await failed('object');
    expect(told.remote?.cause).toMatchObject({
      name: 'object',
      message: '{ status: 502, body: { id: 1n } }',
    });
    expect(told.message).toMatch(/caused by object: \{ status: 502, body: \{ id: 1n \} \}$/);
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

/** What a client says of a server that answers every request with this status. */
const saidOf = async (status: number): Promise<string> => {
  const server = createServer((_request, response) => response.writeHead(status).end());
  server.on('upgrade', (_request, socket) =>
    socket.end(`HTTP/1.1 ${status} No\r\nConnection: close\r\n\r\n`),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    return await connect({ url: `ws://127.0.0.1:${port}`, authkey: 'x' }).then(
      () => 'connected',
      (error: unknown) => (error instanceof Error ? error.message : ''),
    );
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
};

test.each([502, 503, 504])(
  'a proxy that answers %i is blamed for the manager behind it',
  async (status) => {
    expect(await saidOf(status)).toMatch(
      `a proxy answered ${status}, because it reaches no manager`,
    );
  },
);

test.each([200, 401, 403, 404, 500])('a server that answers %i is no manager', async (status) => {
  expect(await saidOf(status)).toMatch(`a server that is not a manager answered ${status}`);
});

test('the log of an attempt is one JSON line for each call, whatever its text holds', async () => {
  const stage = await openStage();
  await stage.manager();
  for (const runner of ['inline', 'thread', 'process']) {
    const module = stage.path(`log-${runner}.mjs`);
    writeFileSync(
      module,
      `import { defineTask, handler } from '${import.meta.resolve('millrace')}';
      export default [handler(defineTask('log'), (_input, { log }) => {
        log.info('two\\nlines and 100%% of %d', 5);
        log.error('\\u001b[31mred');
      }, { runner: '${runner}' })];`,
    );
    const worker = await stage.worker(pathToFileURL(module), { name: runner });
    const { stdout: task } = await stage.cli(['enqueue', 'log', 'null']);
    await worker.line(/red/);
    const said = worker.stderr.map((line): unknown => JSON.parse(line));
    expect(said).toContainEqual(
      expect.objectContaining({ level: 30, task, msg: 'two\nlines and 100% of 5' }),
    );
    expect(said).toContainEqual(expect.objectContaining({ level: 50, task, msg: '\u001b[31mred' }));
    await worker.end('SIGTERM');
  }
});

test('a throw at the top of a handler module names its file and line', async () => {
  const stage = await openStage();
  await stage.manager();
  writeFileSync(stage.path('inner.mjs'), `\n\nthrow new Error('no such setting');\n`);
  writeFileSync(stage.path('outer.mjs'), `import './inner.mjs';\nexport default [];\n`);
  writeFileSync(stage.path('typed.ts'), `const a: number = 1;\nthrow new Error('typed ' + a);\n`);
  const said = async (file: string): Promise<string> => (await stage.cli(['worker', file])).stderr;
  expect(await said('outer.mjs')).toMatch(/no such setting \(at \S*inner\.mjs:3:7\)/);
  expect(await said('typed.ts')).toMatch(/typed 1 \(at \S*typed\.ts:2:\d+\)/);
});
