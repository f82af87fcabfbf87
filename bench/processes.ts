import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A process of the benchmark, and the first thing it said. */
export interface Started {
  readonly child: ChildProcess;
  /** What it sent when it was ready. */
  readonly ready: string;
}

/** Starts a file beside this one as a process, and waits until it says it is ready. */
export const start = async (
  file: string,
  args: readonly string[],
  execArgv: readonly string[] = [],
): Promise<Started> => {
  const child = fork(new URL(`./${file}`, import.meta.url), args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: [...execArgv],
  });
  const [ready] = await once(child, 'message');
  return { child, ready: String(ready) };
};

/** Asks a process to end, and waits until it has. */
export const stop = async ({ child }: Started): Promise<void> => {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
};

/** Tells the parent that this process is ready, and ends it on SIGTERM. */
export const ready = (message: string, close: () => Promise<void>): void => {
  process.once('SIGTERM', () => {
    close().then(() => process.exit(0));
  });
  process.send?.(message);
};
