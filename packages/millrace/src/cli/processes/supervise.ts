import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { MillraceError } from '@millrace/protocol';
import { absolutePath } from '../../config/working-directory.ts';
import { tuning } from '../../tuning.ts';
import { say } from '../terminal/output.ts';
import { SourceWatcher } from './watch-sources.ts';

const exitOf = (child: ChildProcess): Promise<void> =>
  child.exitCode === null && child.signalCode === null
    ? new Promise((gone) => child.once('exit', () => gone()))
    : Promise.resolve();

/** The command line of a worker's process, and variables to add to its environment. */
export interface WorkerCommand {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The child has an IPC channel; its end tells the child that this process was killed. */
const startChild = ({ args, env = {} }: WorkerCommand): ChildProcess => {
  const [, program = ''] = process.argv;
  // The child stays in this process group: Ctrl-C reaches both, and counts once.
  const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
  });
  child.once('exit', (code, signal) => {
    if (!child.killed) {
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
      say(`the worker ended with ${how}; it restarts when a file changes`);
    }
  });
  return child;
};

const endOf = async (child: ChildProcess): Promise<void> => {
  child.kill('SIGTERM');
  await exitOf(child);
};

/** Runs a worker in a child process; a restart replaces the process. */
class Supervisor {
  readonly #command: WorkerCommand;
  #child: ChildProcess;
  #phase: 'running' | 'restarting' | 'stopped' = 'running';
  #timer: NodeJS.Timeout | undefined;

  constructor(command: WorkerCommand) {
    this.#command = command;
    this.#child = startChild(command);
  }

  changed(path: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#phase === 'running') {
        void this.#restart(path);
      }
    }, tuning.sourceSettleMs);
  }

  /** Stops the child; a restart that is under way starts no other. */
  async stop(): Promise<void> {
    this.#phase = 'stopped';
    clearTimeout(this.#timer);
    await endOf(this.#child);
  }

  async #restart(path: string): Promise<void> {
    say(`${path} changed: restarting`);
    this.#phase = 'restarting';
    await endOf(this.#child);
    if (this.#phase === 'restarting') {
      this.#child = startChild(this.#command);
      this.#phase = 'running';
    }
  }
}

/** Ends this worker, as SIGTERM does, when its supervisor is gone. */
export const endWithSupervisor = (): void => {
  const end = (): void => void process.kill(process.pid, 'SIGTERM');
  if (process.send !== undefined && !process.connected) {
    end();
  }
  process.once('disconnect', end);
  process.channel?.unref();
};

export interface SupervisedWorker {
  /** Resolves when the worker has drained and ended. */
  stop(): Promise<void>;
}

/**
 * Runs a worker in a child process, and restarts it when a source file below the
 * folder of its module changes: a process cannot import a module a second time.
 *
 * @throws HANDLER_INVALID if there is no such module
 * @throws BAD_OPTION if its folder cannot be watched
 */
export const superviseWorker = (file: string, command: WorkerCommand): SupervisedWorker => {
  const path = absolutePath(file);
  if (!existsSync(path)) {
    throw new MillraceError('HANDLER_INVALID', `handler module ${path} does not exist`);
  }
  const folder = dirname(path);
  const watcher = new SourceWatcher(folder, (changed) =>
    supervisor.changed(relative(folder, changed)),
  );
  const supervisor = new Supervisor(command);
  return {
    stop: () => {
      watcher.close();
      return supervisor.stop();
    },
  };
};
