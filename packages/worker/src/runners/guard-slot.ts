/**
 * The entry of a thread in each process slot, which acts while a handler blocks the
 * main thread. It kills the process group when the worker has died, and lets SIGTERM
 * end the process when the worker orders that.
 */
import { Socket } from 'node:net';
import { parentPort } from 'node:worker_threads';
import { tuning } from '../tuning.ts';
import { askMainThread } from './main-thread.ts';
import { ORDER_FD, unshieldExpression } from './shield.ts';

const parent = process.ppid;

setInterval(() => {
  if (process.ppid !== parent) {
    process.kill(-process.pid, 'SIGKILL');
  }
}, tuning.checkParentEveryMs);

const orders = new Socket({ fd: ORDER_FD, readable: true, writable: false });
orders.on('error', () => {});
orders.on('data', () => {
  askMainThread(unshieldExpression, (listeners) => {
    // Listeners of the handler have had their signal, which went to the whole group.
    if (listeners === '0') {
      process.kill(process.pid, 'SIGTERM');
    }
  });
});

parentPort?.postMessage('ready', []);
