/**
 * The manager of the remote queue: registers two queues on a port, with a key, puts
 * ten random integers into one, and takes the squares from the other.
 *
 *   node dist/task-manager.js [port]
 */
import { randomInt } from 'node:crypto';
import { Manager } from 'millrace';

const COUNT = 10;
const NUMBER_MAX = 10_000;
const RESULT_TIMEOUT_MS = 10_000;

interface Square {
  readonly n: number;
  readonly square: number;
}

const port = Number(process.argv[2] ?? 5_000);
const manager = new Manager({ port, authkey: process.env['MILLRACE_AUTHKEY'] ?? 'abc' });
manager.register('task').register('result');
const { url } = await manager.start();
console.log(`manager listening on ${url}`);

const tasks = manager.queue<number>('task');
for (let i = 0; i < COUNT; i++) {
  const n = randomInt(NUMBER_MAX);
  console.log(`put task ${n}`);
  await tasks.put(n);
}

const results = manager.queue<Square>('result');
for (let i = 0; i < COUNT; i++) {
  const { n, square } = await results.get({ timeoutMs: RESULT_TIMEOUT_MS });
  console.log(`result ${n} * ${n} = ${square}`);
}

await manager.stop();
console.log('manager stopped');
