import { writeFileSync } from 'node:fs';
import { defineTask } from '@millrace/protocol';
import { handler, Worker } from '@millrace/worker';
import { beforeEach, expect, test } from 'vitest';
import { type Stage, stages } from '../support/stage.ts';

const openStage = stages();
let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

interface Row {
  readonly key: string;
  readonly value: unknown;
  readonly origin: string;
}

const printed = async (key: string, env: NodeJS.ProcessEnv = {}): Promise<Row | undefined> => {
  const { code, stderr, stdout } = await stage.cli(['config', 'print', '--json'], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const rows: Row[] = JSON.parse(stdout);
  return rows.find((row) => row.key === key);
};

test('environment, then .env, then millrace.toml, then default', async () => {
  const key = 'manager.port';
  expect(await printed(key)).toEqual({ key, value: 7420, origin: 'default' });
  writeFileSync(stage.path('millrace.toml'), '[manager]\nport = 1\n');
  expect(await printed(key)).toEqual({ key, value: 1, origin: 'millrace.toml' });
  writeFileSync(stage.path('.env'), 'MILLRACE_PORT=2\n');
  expect(await printed(key)).toEqual({ key, value: 2, origin: '.env MILLRACE_PORT' });
  expect(await printed(key, { MILLRACE_PORT: '3' })).toEqual({
    key,
    value: 3,
    origin: 'environment MILLRACE_PORT',
  });
});

test('an option comes before them all, and another file takes the place of millrace.toml', async () => {
  writeFileSync(stage.path('.env'), 'MILLRACE_PORT=1\nMILLRACE_CONFIG=other.toml\n');
  writeFileSync(stage.path('other.toml'), '[queues.images]\nmaxItems = 7\n');
  const manager = stage.command(['manager', '--port', '0', '--memory'], {
    MILLRACE_DATA_DIR: '/nowhere',
  });
  const [, url = ''] = await manager.line(/listening on (\S+)/);
  const { stdout } = await stage.cli(['queue', 'ls', '--json', '--url', url]);
  expect(JSON.parse(stdout)).toMatchObject([{ name: 'images', maxItems: 7 }]);
});

test('keys are not printed, and the nearer of key and key file is taken', async () => {
  writeFileSync(stage.path('key'), `${stage.authkey}\n`);
  writeFileSync(stage.path('.env'), 'MILLRACE_AUTHKEY=another\n');
  const nearer = { MILLRACE_AUTHKEY: undefined, MILLRACE_AUTHKEY_FILE: stage.path('key') };
  const { stdout } = await stage.cli(['config', 'print', '--origin'], nearer);
  expect(stdout).toMatch(/^connection\.authkey +\(set\) +\.env MILLRACE_AUTHKEY$/m);
  expect(stdout).not.toContain('another');
  await stage.manager();
  expect((await stage.cli(['check', 'live'], nearer)).code).toBe(0);
});

test('payloadMaxBytes is the limit of results, too', async () => {
  writeFileSync(stage.path('millrace.toml'), '[manager]\npayloadMaxBytes = 4194304\n');
  await stage.manager();
  const large = defineTask<null, Uint8Array>('large');
  const worker = await Worker.start({
    url: stage.url,
    authkey: stage.authkey,
    handlers: [handler(large, () => new Uint8Array(2_000_000))],
  });
  const client = await stage.connect();
  const result = await (await client.enqueue(large, null, { attempts: 1 })).result();
  expect(result).toHaveLength(2_000_000);
  await worker.stop();
});
