/**
 * The entry of a thread in each process slot. The thread kills the process group
 * when the worker has died: a handler may block the main thread, which then does
 * not notice.
 */
import { tuning } from '../tuning.ts';

const parent = process.ppid;

setInterval(() => {
  if (process.ppid !== parent) {
    process.kill(-process.pid, 'SIGKILL');
  }
}, tuning.checkParentEveryMs);
