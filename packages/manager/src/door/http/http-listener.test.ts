import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Manager } from '../../manager.ts';

let manager: Manager;
let url: string;

const started = async (token?: string): Promise<void> => {
  manager = new Manager({
    port: 0,
    authkey: 'secret',
    http: { port: 0, ...(token === undefined ? {} : { token }) },
  });
  manager.register('mill', { maxItems: 7 });
  const { httpUrl = '' } = await manager.start();
  url = httpUrl;
};

const ask = async (path: string, headers: Record<string, string> = {}) => {
  const response = await fetch(`${url}${path}`, { headers });
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    text: await response.text(),
  };
};

/** A request with any `Host` header, which `fetch` does not allow. */
const askAs = (host: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname, () => {
      socket.write(`GET /status HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    });
    let text = '';
    socket.on('data', (data) => {
      text += data.toString();
    });
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });

afterEach(() => manager.stop());

describe('the HTTP listener', () => {
  beforeEach(() => started());

  test('answers health checks', async () => {
    expect(await ask('/livez')).toMatchObject({ status: 200, text: 'ok\n' });
    expect(await ask('/readyz')).toMatchObject({ status: 200, text: 'ok\n' });
  });

  test('serves the status as JSON', async () => {
    const { text, type } = await ask('/status');
    expect(type).toContain('application/json');
    expect(JSON.parse(text)).toMatchObject({ queues: [{ name: 'mill', maxItems: 7 }] });
  });

  test('serves metrics that Prometheus reads, and shows nothing of a task', async () => {
    await manager.queue('mill').put('flour');
    const { text, type } = await ask('/metrics');
    expect(type).toContain('text/plain; version=0.0.4');
    expect(text).toContain('millrace_queue_tasks{queue="mill",state="ready"} 1\n');
    expect(text).toContain('millrace_queue_enqueued_total{queue="mill"} 1\n');
    expect(text).toContain('millrace_queue_finished_total{queue="mill",outcome="succeeded"} 0\n');
    expect(text).not.toContain('flour');
    await manager.queue('mill').get();
    expect((await ask('/metrics')).text).toContain(
      'millrace_queue_finished_total{queue="mill",outcome="succeeded"} 1\n',
    );
  });

  test('names its pages when asked for another', async () => {
    expect(await ask('/')).toMatchObject({
      status: 404,
      text: 'there are /livez, /readyz, /metrics and /status\n',
    });
  });

  test('refuses a request under a name that is not of loopback', async () => {
    expect(await askAs('evil.example')).toMatch(/^HTTP\/1.1 421/);
  });
});

test('a token is needed for status and metrics, and not for health', async () => {
  await started('sesame');
  expect((await ask('/status')).status).toBe(401);
  expect((await ask('/metrics', { authorization: 'Bearer wrong1' })).status).toBe(401);
  expect((await ask('/status', { authorization: 'Bearer sesame' })).status).toBe(200);
  expect((await ask('/livez')).status).toBe(200);
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

test.skipIf(!hasOpenssl)(
  `with a certificate it speaks TLS${hasOpenssl ? '' : ' (skipped: there is no openssl to make one)'}`,
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-tls-'));
    const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-days', '1', '-nodes'];
    spawnSync('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      ...subject,
      '-keyout',
      keyFile,
      '-out',
      certFile,
    ]);
    const tls = { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') };
    rmSync(directory, { recursive: true });
    manager = new Manager({
      port: 0,
      authkey: 'secret',
      http: { host: '0.0.0.0', port: 0, token: 'sesame', tls },
    });
    const { httpUrl = '' } = await manager.start();
    const { port, protocol } = new URL(httpUrl);
    expect(protocol).toBe('https:');
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { authorization: 'Bearer sesame' };
      get(
        {
          host: '127.0.0.1',
          port,
          path: '/status',
          headers,
          ca: tls.cert,
          servername: 'localhost',
        },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      ).on('error', reject);
    });
    expect(status).toBe(200);
  },
);

test('an HTTP listener off loopback needs a certificate and a token', async () => {
  await started();
  const open = { port: 0, authkey: 'secret', http: { host: '0.0.0.0', port: 0 } };
  expect(() => new Manager(open)).toThrow('needs a certificate and a token');
});

test('the error for a port in use names the option that chooses another', async () => {
  await started();
  const port = Number(new URL(url).port);
  const other = new Manager({ port: 0, authkey: 'secret', http: { port } });
  await expect(other.start()).rejects.toThrow(
    `127.0.0.1:${port}: stop it, or choose another with --http-port`,
  );
});
