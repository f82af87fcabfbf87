import { Worker } from 'node:worker_threads';
import { messageOf } from '@millrace/protocol';
import type { Runner } from '../attempt/runner.ts';
import { SlotPool } from './pool.ts';
import { isFromSlot, type Slot, type SlotEvents, type ToSlot } from './slot.ts';

const threadMain = new URL('./thread-main.js', import.meta.url);

/** Transfers a copy of the payload: a clone would copy the buffer below it, perhaps a whole frame. */
const send = (thread: Worker, message: ToSlot): void => {
  if (message.type === 'millrace:abort') {
    thread.postMessage(message, []);
    return;
  }
  const payload = new Uint8Array(message.assignment.payload);
  const assignment = { ...message.assignment, payload };
  thread.postMessage({ ...message, assignment }, [payload.buffer]);
};

/**
 * Writes what the thread prints to this process's own streams. By default Node pipes
 * it there, and a pipe ends at the first error: the thread would then keep all that
 * it prints in memory.
 */
const forwardOutput = (thread: Worker): void => {
  thread.stdout.on('data', (chunk: Buffer) => process.stdout.write(chunk));
  thread.stderr.on('data', (chunk: Buffer) => process.stderr.write(chunk));
};

const startThread = (moduleUrl: string, events: SlotEvents): Slot => {
  const thread = new Worker(threadMain, { workerData: moduleUrl, stdout: true, stderr: true });
  forwardOutput(thread);
  let failure: string | undefined;
  thread.on('error', (error: unknown) => {
    failure = messageOf(error);
  });
  thread.on('exit', (code) => {
    events.onExit(failure === undefined ? `exit code ${code}` : `uncaught error: ${failure}`);
  });
  thread.on('message', (message: unknown) => {
    if (isFromSlot(message)) {
      events.onMessage(message);
    }
  });
  return {
    send: (message) => send(thread, message),
    kill: () => void thread.terminate(),
  };
};

/**
 * Runs tasks in warm threads; meant for JavaScript that computes. A thread that is
 * blocked in a system call cannot be killed: its run and `close` wait for the call.
 *
 * @param moduleUrl the handler module, imported by each thread
 */
export const threadRunner = (moduleUrl: string, slots: number): Runner =>
  new SlotPool('thread', moduleUrl, slots, startThread);
