import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { messageOf, systemClock } from '@millrace/protocol';
import type { Runner } from '../attempt/runner.ts';
import { SlotPool } from './pool.ts';
import { isFromSlot, type Slot, type SlotEvents } from './slot.ts';

/** From SIGTERM to SIGKILL: the handler had its grace before. */
const TERM_TO_KILL_MS = 1_000;

const processMain = fileURLToPath(new URL('./process-main.js', import.meta.url));

/** The group holds what the handler started, too, and may be gone already. */
const signalGroup = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-pid, signal);
  } catch {
    return;
  }
};

const groupKiller = (child: ChildProcess): (() => void) => {
  let isKilling = false;
  return () => {
    const { pid } = child;
    if (isKilling || pid === undefined || child.exitCode !== null || child.signalCode !== null) {
      return;
    }
    isKilling = true;
    signalGroup(pid, 'SIGTERM');
    const cancel = systemClock.after(TERM_TO_KILL_MS, () => signalGroup(pid, 'SIGKILL'));
    child.once('exit', cancel);
  };
};

const reportExit = (child: ChildProcess, events: SlotEvents): void => {
  child.on('error', (error) => {
    if (child.pid === undefined) {
      events.onExit(`it could not be started: ${messageOf(error)}`);
    }
  });
  child.on('exit', (code, signal) => {
    if (child.pid !== undefined) {
      signalGroup(child.pid, 'SIGKILL');
    }
    events.onExit(signal === null ? `exit code ${code}` : `signal ${signal}`);
  });
};

const startProcess = (moduleUrl: string, events: SlotEvents): Slot => {
  const child = fork(processMain, [moduleUrl], {
    serialization: 'advanced',
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  reportExit(child, events);
  child.on('message', (message: unknown) => {
    if (isFromSlot(message)) {
      events.onMessage(message);
    }
  });
  return {
    // A channel that is closed has its own end: the exit, which is reported.
    send: (message) => void child.send(message, () => {}),
    kill: groupKiller(child),
  };
};

/**
 * Runs tasks in warm child processes: for native code, leaks and crashes, each
 * of which costs one attempt. A kill ends the group: what a handler started, too.
 *
 * @param moduleUrl the handler module, imported by each process
 */
export const processRunner = (moduleUrl: string, slots: number): Runner =>
  new SlotPool('process', moduleUrl, slots, startProcess);
