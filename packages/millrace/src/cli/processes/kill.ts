import type { Worker } from '@millrace/worker';
import { say } from '../terminal/output.ts';

/** Ends this process at once; `process.exit` would wait for a thread that is stuck in a call. */
export const killThisProcess = (): void => {
  process.kill(process.pid, 'SIGKILL');
};

/** Kills this process if a thread of the stopped worker keeps it alive. */
export const killIfStuck = (worker: Worker): void => {
  if (worker.isStuck) {
    say('a thread is stuck in a call that cannot be interrupted: ending this process by SIGKILL');
    killThisProcess();
  }
};
