import { type ChildProcess, fork } from 'node:child_process';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@millrace/protocol';
import type { Runner } from '../attempt/runner.ts';
import { SlotPool } from './pool.ts';
import { ORDER_FD } from './shield.ts';
import { isFromSlot, neverStarted, notStarted, type Slot, type SlotEvents } from './slot.ts';

const processMain = fileURLToPath(new URL('./process-main.js', import.meta.url));

/** Signals the group, with all that the handler started; the group may be gone already. */
const signalGroup = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-pid, signal);
  } catch {
    return;
  }
};

/** Tells the guard of a slot to let SIGTERM end it; a slot that is gone hears nothing. */
const orderEnd = (child: ChildProcess): void => {
  const orders = child.stdio[ORDER_FD];
  if (orders instanceof Socket) {
    orders.write('end');
  }
};

/** The first kill is SIGTERM and, a little later, SIGKILL; a second kill does not wait. */
const groupKiller = (child: ChildProcess): ((withinMs: number) => void) => {
  let isKilling = false;
  return (withinMs) => {
    const { pid } = child;
    if (pid === undefined || child.exitCode !== null || child.signalCode !== null) {
      return;
    }
    if (isKilling) {
      signalGroup(pid, 'SIGKILL');
      return;
    }
    isKilling = true;
    signalGroup(pid, 'SIGTERM');
    orderEnd(child);
    const cancel = systemClock.after(withinMs, () => signalGroup(pid, 'SIGKILL'));
    child.once('exit', cancel);
  };
};

const reportExit = (child: ChildProcess, events: SlotEvents): void => {
  child.on('error', (error) => {
    if (child.pid === undefined) {
      events.onExit(notStarted(error));
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
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'],
  });
  reportExit(child, events);
  if (child.pid === undefined) {
    // Without a free descriptor Node gives the child neither streams nor a channel.
    return neverStarted;
  }
  child.stdio[ORDER_FD]?.on('error', () => {});
  child.on('message', (message: unknown) => {
    if (isFromSlot(message)) {
      events.onMessage(message);
    }
  });
  return {
    // Errors of a closed channel are ignored, because the exit of the process is reported.
    send: (message) => void child.send(message, () => {}),
    kill: groupKiller(child),
  };
};

/**
 * Runs tasks in warm child processes; meant for native code and for handlers that
 * leak or crash. A crash costs one attempt. A kill ends the process group, with all
 * processes that the handler started.
 *
 * @param moduleUrl the handler module, imported by each process
 */
export const processRunner = (moduleUrl: string, slots: number): Runner =>
  new SlotPool('process', moduleUrl, slots, startProcess);

/**
 * Runs each task in a new process, which ends with the run. A suspect runs here,
 * whatever runner its handler asks for, so that its death costs no other task.
 *
 * @param slots processes at a time; further runs wait
 */
export const isolatedRunner = (moduleUrl: string, slots: number): Runner =>
  new SlotPool('process', moduleUrl, slots, startProcess, 'once');
