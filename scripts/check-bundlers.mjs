/**
 * Tries the packed packages with tools that are not installed here: webpack, rspack, Jest on
 * CommonJS, Next.js, and the least version of TypeScript. Each tool is fetched from npm into
 * a temporary folder. `npm run bundlers -- jest next` tries some of them. The tools that
 * come with this workspace are tried by test/e2e/bundlers.test.ts.
 */
import './check-node.mjs';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { defineTask, handler, Manager, Worker } from '../packages/millrace/dist/index.js';
import { pack, packClient } from './pack.mjs';

const directory = mkdtempSync(join(tmpdir(), 'millrace-tools-'));
const authkey = 'a shared secret';
const TOOL_MAX_MS = 240_000;
/** The least version of TypeScript that docs/guide/bundlers.md names. */
const LEAST_TYPESCRIPT = '5.4.5';

const run = (command, args, cwd, env = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TOOL_MAX_MS,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => {
        output += text;
      });
    }
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0
        ? resolve(output)
        : reject(new Error(`${command} ${args.join(' ')}: exit ${code}\n${output}`)),
    );
  });

const project = async (name, files, ...packages) => {
  const home = join(directory, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  }
  await run('npm', ['install', '--no-audit', '--no-fund', ...packages], home);
  return home;
};

const body = `
  const client = await connect();
  const answer = await client.run(defineTask('double', { queue: 'tasks' }), 21, { timeoutMs: 20000 });
  await client.close();
`;

const appOf = (source) => `import { connect, defineTask } from '${source}';
const main = async () => {${body}  console.log('doubled', answer);
};
main();
`;

const manifest = (more = {}) => JSON.stringify({ name: 'app', private: true, ...more });

const expectDoubled = (output) => {
  if (!output.includes('doubled 42')) {
    throw new Error(`no answer in:\n${output}`);
  }
};

const packers = {
  webpack: ['webpack', 'webpack-cli'],
  rspack: ['@rspack/core', '@rspack/cli'],
};

const bundleWith = (tool) => async (tarballs, env) => {
  for (const [source, tarball] of [
    ['@millrace/client', tarballs.client],
    ['millrace/client', tarballs.whole],
  ]) {
    const home = await project(
      `${tool}-${source.replace('/', '-')}`,
      {
        'package.json': manifest(),
        'src/index.mjs': appOf(source),
        'build.cjs': `module.exports = { mode: 'production', target: 'node', entry: './src/index.mjs',
          output: { filename: 'out.cjs' }, performance: { hints: false } };`,
      },
      ...packers[tool],
      tarball,
    );
    await run('npx', [tool, '--config', 'build.cjs'], home);
    expectDoubled(await run(process.execPath, ['dist/out.cjs'], home, env));
  }
};

const jest = async ({ client, whole }, env) => {
  for (const [source, tarball] of [
    ['@millrace/client', client],
    ['millrace/client', whole],
  ]) {
    const home = await project(
      `jest-${source.replace('/', '-')}`,
      {
        'package.json': manifest(),
        'app.test.js': `const { connect, defineTask, MillraceError } = require('${source}');
test('a task runs', async () => {${body}
  expect(answer).toBe(42);
});
test('with fake timers before', () => { jest.useFakeTimers(); jest.useRealTimers(); });
test('a task runs during and after fake timers', async () => {
  jest.useFakeTimers();
  const early = await connect();
  await early.close();
  jest.useRealTimers();
${body}  expect(answer).toBe(42);
});
test('errors are known', async () => {
  await expect(connect({ url: 'ws://127.0.0.1:1' })).rejects.toBeInstanceOf(MillraceError);
});
`,
      },
      'jest',
      tarball,
    );
    await run('npx', ['jest', '--ci'], home, env);
  }
};

const next = async ({ client, whole }) => {
  for (const [source, tarball] of [
    ['@millrace/client', client],
    ['millrace/client', whole],
  ]) {
    const home = await project(
      `next-${source.replace('/', '-')}`,
      {
        'package.json': manifest(),
        'app/layout.js': `export default ({ children }) => <html><body>{children}</body></html>;`,
        'app/page.js': `export default () => <p>millrace</p>;`,
        'app/api/route.js': `import { connect, defineTask } from '${source}';
export const dynamic = 'force-dynamic';
export const GET = async () => {${body}  return Response.json({ answer });
};
`,
      },
      'next',
      'react',
      'react-dom',
      tarball,
    );
    await run('npx', ['next', 'build'], home, { NEXT_TELEMETRY_DISABLED: '1' });
  }
};

const types = (
  source,
) => `import { connect, defineTask, MillraceError, type Status } from '${source}';
const sum = defineTask<number[], number>('sum');
export const run = async (signal: AbortSignal): Promise<number> => {
  const client = await connect({ waitMs: 1_000, signal });
  client.onState((state, error) => console.log(state, error?.code));
  // @ts-expect-error -- a payload of another type does not compile
  await client.enqueue(sum, 'text');
  const status: Status = await client.status({ timeoutMs: 5 });
  const total: number = await (await client.enqueue(sum, [1])).result({ timeoutMs: 5, signal });
  const item = await client.queue<number>('q').lease();
  await item.ack();
  return total + status.uptimeMs + item.value;
};
export const isOurs = (error: unknown): boolean => error instanceof MillraceError;
`;

const typescript = async ({ client, whole }) => {
  const home = await project(
    'typescript',
    {
      'package.json': manifest({ type: 'module' }),
      'light.mts': types('@millrace/client'),
      'light.cts': types('@millrace/client').replaceAll('export ', 'export '),
      'entry.mts': types('millrace/client'),
      'whole.mts': `${types('millrace')}export * as everything from 'millrace';\n`,
      'worker.mts': `import { defineTask, handler } from 'millrace/worker';
export default [handler(defineTask<number, number>('x'), (n) => n + 1)];\n`,
    },
    `typescript@${LEAST_TYPESCRIPT}`,
    '@types/node@20',
    client,
    whole,
  );
  const strict = ['--strict', '--noEmit', '--exactOptionalPropertyTypes', '--types', 'node'];
  const nodenext = ['--module', 'nodenext', '--target', 'es2022'];
  const files = ['light.mts', 'light.cts', 'entry.mts', 'whole.mts', 'worker.mts'];
  await run('npx', ['tsc', ...strict, ...nodenext, ...files], home);
  const bundler = ['--module', 'esnext', '--moduleResolution', 'bundler', '--target', 'es2022'];
  await run('npx', ['tsc', ...strict, ...bundler, 'light.mts', 'entry.mts', 'whole.mts'], home);
};

const checks = {
  typescript,
  jest,
  webpack: bundleWith('webpack'),
  rspack: bundleWith('rspack'),
  next,
};

const manager = new Manager({ port: 0, authkey });
manager.register('tasks', {});
const { url } = await manager.start();
const double = defineTask('double', { queue: 'tasks' });
const worker = await Worker.start({ url, authkey, handlers: [handler(double, (n) => 2 * n)] });
const env = { MILLRACE_URL: url, MILLRACE_AUTHKEY: authkey };
const tarballs = { whole: await pack(directory), client: await packClient(directory) };

const wanted = process.argv.slice(2);
for (const [name, check] of Object.entries(checks)) {
  if (wanted.length === 0 || wanted.includes(name)) {
    const startedAtMs = performance.now();
    try {
      await check(tarballs, env);
      console.log(`${name}: ok (${Math.round((performance.now() - startedAtMs) / 1000)} s)`);
    } catch (error) {
      process.exitCode = 1;
      console.log(`${name}: FAILED\n${error.message}`);
    }
  }
}

await worker.stop();
await manager.stop();
rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
