import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { connect } from '@millrace/client';
import { expect, test } from 'vitest';
import { type ManagerChild, type Stage, stages } from '../support/stage.ts';

const openStage = stages();

const ROUNDS = 10;
const CLIENTS_PER_ROUND = 20;
const KILLED_PER_ROUND = 2;

const ESTABLISHED = '01';
const CLOSE_WAIT = '08';
const TIME_WAIT = '06';

const hexPort = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');

/** The states of the kernel's sockets with this local port. */
const statesOf = (port: number): string[] =>
  ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((table) => readFileSync(table, 'utf8').split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local]) => local?.endsWith(`:${hexPort(port)}`) === true)
    .map(([, , , state = '']) => state);

const count = (port: number, state: string): number =>
  statesOf(port).filter((each) => each === state).length;

const fdsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** Connects, makes a request, and says goodbye. */
const comeAndGo = async (stage: Stage): Promise<void> => {
  const client = await connect({ url: stage.url, authkey: stage.authkey });
  await client.queue('default').size();
  await client.close();
};

/** Connects, holds leases and a waiting `get`, and is killed. */
const comeAndDie = async (stage: Stage): Promise<void> => {
  const dier = stage.script('dier', new URL('dier.mjs', import.meta.url));
  await dier.line(/waits/);
  await dier.end('SIGKILL');
};

/** Connects, sends bytes that are no handshake, and leaves. */
const knock = async (port: number, bytes: string): Promise<void> => {
  const socket = connectTcp(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.resume();
  socket.end(bytes);
  await once(socket, 'close');
};

const refusedKey = async (stage: Stage): Promise<void> => {
  await expect(connect({ url: stage.url, authkey: 'wrong' })).rejects.toMatchObject({
    code: 'AUTH_FAILED',
  });
};

const oneRound = async (stage: Stage, { port }: ManagerChild): Promise<void> => {
  await Promise.all([
    ...Array.from({ length: CLIENTS_PER_ROUND }, () => comeAndGo(stage)),
    ...Array.from({ length: KILLED_PER_ROUND }, () => comeAndDie(stage)),
    knock(port, ''),
    knock(port, 'GET / HTTP/1.1\r\nHost: here\r\n'),
    knock(port, 'GET / HTTP/1.1\r\nHost: here\r\n\r\n'),
    knock(port, '\0\0\0\0nonsense\r\n\r\n'),
    refusedKey(stage),
  ]);
};

test('peers that leave, die or never shake hands leave no socket and no descriptor with the manager', async () => {
  const stage = await openStage();
  const manager = await stage.manager();
  const { pid, port } = manager;
  // The first round opens descriptors that stay open.
  await oneRound(stage, manager);
  await expect.poll(() => count(port, ESTABLISHED)).toBe(0);
  const baseline = fdsOf(pid);
  for (let n = 0; n < ROUNDS; n++) {
    await oneRound(stage, manager);
  }
  await expect.poll(() => count(port, CLOSE_WAIT)).toBe(0);
  await expect.poll(() => count(port, ESTABLISHED)).toBe(0);
  await expect.poll(() => fdsOf(pid)).toBeLessThanOrEqual(baseline);
  // TIME_WAIT stays with the end that closes first. That is the peer, unless the manager had to cut it off.
  const left = count(port, TIME_WAIT);
  console.log(
    `${ROUNDS + 1} rounds of ${CLIENTS_PER_ROUND} goodbyes, ${KILLED_PER_ROUND} kills and 5 knocks: ${fdsOf(pid)} descriptors (${baseline} before), ${left} in TIME_WAIT at the manager`,
  );
  expect(await (await stage.connect()).status()).toMatchObject({ clients: 1 });
});

test('a dead peer leaves no socket of the manager in CLOSE_WAIT during its grace', async () => {
  const stage = await openStage();
  const { port } = await stage.manager();
  for (let n = 0; n < ROUNDS; n++) {
    await comeAndDie(stage);
    // The socket is gone, although the grace of the session is not over.
    await expect.poll(() => [count(port, CLOSE_WAIT), count(port, ESTABLISHED)]).toEqual([0, 0]);
  }
});
