import type { Worker } from '@millrace/worker';
import { say } from '../terminal/output.ts';

/** Ends this process at once. `process.exit` would wait for a thread that is in a call which nothing breaks off. */
export const killThisProcess = (): void => {
  process.kill(process.pid, 'SIGKILL');
};

/** After `stop`: kills this process when a thread is left that would keep it. */
export const killIfStuck = (worker: Worker): void => {
  if (worker.isStuck) {
    say('a thread is in a call that cannot be broken off: ending by SIGKILL');
    killThisProcess();
  }
};
