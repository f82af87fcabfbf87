import { isatty } from 'node:tty';
import { OUTPUT_MAX_MS, outputTaken } from '@millrace/protocol';
import type { Worker } from '@millrace/worker';
import { tuning } from '../../tuning.ts';
import { say } from '../terminal/output.ts';

/** As the init process of a container, this process cannot be ended by a signal of its own. */
const INIT = 1;

/** Ends this process at once; `process.exit` would wait for a thread that is stuck in a call. */
export const killThisProcess = (): void => {
  process.kill(process.pid, 'SIGKILL');
  if (process.pid === INIT) {
    process.abort();
  }
};

/** Kills this process if a thread of the stopped worker keeps it alive. */
export const killIfStuck = (worker: Worker): void => {
  if (worker.isStuck) {
    say('a thread is stuck in a call that cannot be interrupted: ending this process by SIGKILL');
    killThisProcess();
  }
};

const POOLED = /^(?:FSReq|GetAddrInfo|GetNameInfo)/;

/** Whether a file operation or a look-up of a name is under way in a thread of Node's pool. */
const isPoolBusy = (): boolean =>
  process.getActiveResourcesInfo().some((resource) => POOLED.test(resource));

/** Waits for the calls in Node's pool, but not long; false if one goes on. */
const isPoolIdleSoon = async (): Promise<boolean> => {
  const endsAtMs = performance.now() + tuning.lastCallsMs;
  while (isPoolBusy() && performance.now() < endsAtMs) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return !isPoolBusy();
};

/** Ends this process as a signal does without a handler. */
const endBySignal = (signal: NodeJS.Signals): void => {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  killThisProcess();
};

/** The standard streams that were terminals at the start. */
const terminals = [0, 1, 2].filter((stream) => isatty(stream));

/**
 * Ends this process, when its output is written, with an exit code, or by a signal that supervisors take for a
 * clean end of a stop, where Node could not exit:
 *
 * - `process.exit` joins the threads of Node's pool, and one that reads a FIFO, a dead
 *   network disk or a name server may take for ever.
 * - Node restores the terminal, and crashes if the terminal is gone.
 *
 * @param outputMaxMs longest wait for a slow reader of the output
 */
export const endProcess = async (code: number, outputMaxMs = OUTPUT_MAX_MS): Promise<void> => {
  if (!(await isPoolIdleSoon())) {
    say('a call to the file system or a name server does not end: ending this process by SIGTERM');
    endBySignal('SIGTERM');
  }
  if (!terminals.every((stream) => isatty(stream))) {
    endBySignal('SIGHUP');
  }
  await outputTaken(outputMaxMs);
  process.exit(code);
};
