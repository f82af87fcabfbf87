/**
 * A worker of the remote queue: connects with URL and key, takes numbers until none
 * arrives within a second, and puts their squares.
 *
 *   node dist/task-worker.js [url]
 */
import { connect, MillraceError } from 'millrace';

const TAKE_TIMEOUT_MS = 1_000;

/** Whether no number arrived in time, or the manager is gone. */
const isOver = (error: unknown): boolean =>
  error instanceof MillraceError && ['QUEUE_EMPTY', 'TIMEOUT'].includes(error.code);

const url = process.argv[2] ?? 'ws://127.0.0.1:5000';
const client = await connect({ url, authkey: process.env['MILLRACE_AUTHKEY'] ?? 'abc' });
console.log(`connected to ${url}`);

const tasks = client.queue<number>('task');
const results = client.queue<{ n: number; square: number }>('result');
try {
  for (;;) {
    const n = await tasks.get({ timeoutMs: TAKE_TIMEOUT_MS });
    console.log(`run task ${n} * ${n}`);
    await results.put({ n, square: n * n });
  }
} catch (error) {
  if (!isOver(error)) {
    throw error;
  }
  console.log('no more tasks');
}
await client.close();
