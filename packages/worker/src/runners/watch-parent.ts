/**
 * The entry of a thread in each process slot. It ends the process group when the
 * worker died; the main thread may be blocked by its handler and see nothing.
 */
import { tuning } from '../tuning.ts';

const parent = process.ppid;

setInterval(() => {
  if (process.ppid !== parent) {
    process.kill(-process.pid, 'SIGKILL');
  }
}, tuning.checkParentEveryMs);
