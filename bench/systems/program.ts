/** Starts servers that come from Debian packages, and ends them by their process id. */
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { familyOf } from '../harness/kernel.ts';
import type { Server } from './system.ts';

/** Long, because a server that reads a long backlog before it listens takes minutes. */
const START_MAX_MS = 300_000;
const LOOK_AGAIN_MS = 20;
const PATHS = (process.env['PATH'] ?? '').split(':');

/** The path of a program, or undefined. */
export const findProgram = (
  name: string,
  directories: readonly string[] = PATHS,
): string | undefined =>
  directories.map((each) => join(each, name)).find((path) => existsSync(path));

export const missingProgram = (
  name: string,
  debianPackage: string,
  path: string | undefined,
): string | undefined =>
  path === undefined ? `${name} is not installed: apt-get install ${debianPackage}` : undefined;

/** The output of a program. */
export const outputOf = (program: string, ...args: readonly string[]): string =>
  (spawnSync(program, args, { encoding: 'utf8' }).stdout ?? '').trim();

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
};

const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));
// Without these handlers a signal would end the process without its exit handlers.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

/** @throws when the port does not answer in time */
const untilAnswers = async (program: string, answers: () => Promise<boolean>): Promise<void> => {
  const untilMs = performance.now() + START_MAX_MS;
  while (!(await answers())) {
    if (performance.now() > untilMs) {
      throw new Error(`${program} does not answer`);
    }
    await sleep(LOOK_AGAIN_MS);
  }
};

export const accepts = (port: number) => (): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

export interface Program {
  readonly program: string;
  readonly args: readonly string[];
  readonly address: string;
  /** Whether the server answers yet. */
  readonly answers: () => Promise<boolean>;
  readonly stopSignal?: NodeJS.Signals;
  readonly options?: SpawnOptions;
}

export const startProgram = async (what: Program): Promise<Server> => {
  const { address, answers, args, options, program, stopSignal = 'SIGTERM' } = what;
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'], ...options });
  running.add(child);
  child.once('exit', () => running.delete(child));
  await untilAnswers(program, answers);
  return {
    address,
    pids: () => familyOf(child.pid ?? 0),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit');
        child.kill(stopSignal);
        await exited;
      }
    },
  };
};
