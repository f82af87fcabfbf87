import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

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
  const said = await new Promise<unknown>((resolve) => child.once('message', resolve));
  return { child, ready: String(said) };
};

const CLOCK_TICKS_PER_SECOND = 100;

/** CPU seconds a process has used so far, user and system, as the kernel counts them. */
export const cpuSeconds = ({ child }: Started): number => {
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
};

/** Asks a process to end, and waits until it has. */
export const stop = async ({ child }: Started): Promise<void> => {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
};

/** Says something to the parent, and waits to be told to end. */
export const report = async (message: string): Promise<void> => {
  const told = once(process, 'SIGTERM');
  process.send?.(message);
  await told;
};

/** Tells the parent that this process is ready, and ends it on SIGTERM. */
export const ready = (message: string, close: () => Promise<void>): void => {
  process.once('SIGTERM', () => {
    void close().then(() => process.exit(0));
  });
  process.send?.(message);
};
