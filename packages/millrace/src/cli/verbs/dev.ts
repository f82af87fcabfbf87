import { setTimeout as after } from 'node:timers/promises';
import { messageOf } from '@millrace/protocol';
import { loadHandlers, type Worker } from '@millrace/worker';
import { type Configuration, configure } from '../../config/configuration.ts';
import { settings } from '../../config/settings.ts';
import { tuning } from '../../tuning.ts';
import { wholeNumber } from '../asking/parse.ts';
import { endProcess, killIfStuck, killThisProcess } from '../processes/kill.ts';
import { logLostStdout } from '../processes/log.ts';
import { endWithPackageManager } from '../processes/parent.ts';
import { type ManagerChoice, type StartedManager, startManager } from '../processes/run-manager.ts';
import { startWorker } from '../processes/run-worker.ts';
import { onStopSignal } from '../processes/signals.ts';
import { superviseWorker } from '../processes/supervise.ts';
import { reportError } from '../terminal/exit.ts';
import { say } from '../terminal/output.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ManagerChoice {
  readonly port?: number;
  readonly httpPort?: number;
  readonly watch?: boolean;
  readonly data?: string;
  readonly config?: string;
}

/** Starts a worker anew after a pause. No worker catches errors meanwhile, and the manager must live. */
const restart = async (start: () => Promise<void>): Promise<void> => {
  const survive = (error: unknown): void => say(`uncaught: ${messageOf(error)}`);
  process.on('uncaughtException', survive);
  process.on('unhandledRejection', survive);
  try {
    await after(tuning.devRestartMs);
    await start();
  } finally {
    process.off('uncaughtException', survive);
    process.off('unhandledRejection', survive);
  }
};

/** Runs a worker in this process beside its manager, which ends with the process. */
const startBeside = async (
  file: string,
  { authkey, manager, url }: StartedManager,
  configuration: Configuration,
): Promise<() => Promise<void>> => {
  let running: Worker;
  const start = async (): Promise<void> => {
    running = await startWorker(file, { url, authkey }, configuration, {
      afterDrain: () => manager.stop(),
      reserveMs: managerStopMs(configuration),
      onFault: () => restart(start).catch((error: unknown) => endProcess(reportError(error))),
    });
  };
  await start();
  return async () => {
    await running.stop();
    await manager.stop();
    killIfStuck(running);
  };
};

/** Runs a worker in a child process that restarts for changes. The child finds the authkey as this process did. */
const startWatched = (
  file: string,
  { manager, url }: StartedManager,
  configuration: Configuration,
): (() => Promise<void>) => {
  const drainMs = configuration.read('worker.drainMs') - managerStopMs(configuration);
  const { path } = configuration;
  const args = ['worker', file, '--url', url, ...(path === undefined ? [] : ['--config', path])];
  const env = { [settings['worker.drainMs'].env]: String(Math.ceil(drainMs)) };
  const worker = superviseWorker(file, { args, env });
  return async () => {
    await worker.stop();
    await manager.stop();
  };
};

/** The part of the time of a stop that is kept for the manager. */
const managerStopMs = (configuration: Configuration): number =>
  Math.min(tuning.devManagerStopMs, configuration.read('worker.drainMs') / 2);

/** `millrace dev FILE`: runs a manager, which declares each queue when named, and a worker. */
const run = async (file: string, flags: Flags): Promise<void> => {
  logLostStdout();
  endWithPackageManager();
  const configuration = configure(
    {
      'manager.port': flags.port,
      'manager.dataDir': flags.data,
      'manager.autoQueues': true,
      'http.port': flags.httpPort,
    },
    flags.config,
  );
  // Until the manager serves there is nothing to drain.
  let stop = (): Promise<void> => Promise.resolve();
  onStopSignal({
    run: (signal) => {
      say(`${signal}: draining; a second signal stops at once`);
      return stop();
    },
    withinMs: configuration.read('worker.drainMs'),
    endAtOnce: killThisProcess,
  });
  if (flags.watch !== true) {
    // A fault of the module is reported before anything is started. With --watch the user may mend it later.
    await loadHandlers(file);
  }
  const started = await startManager(configuration, flags);
  stop = () => started.manager.stop();
  try {
    const start = flags.watch === true ? startWatched : startBeside;
    stop = await start(file, started, configuration);
  } catch (error) {
    await started.manager.stop();
    throw error;
  }
};

export const devVerb: Verb = (parent) => {
  parent
    .command('dev')
    .description('run a manager and a worker in one process, for development')
    .argument('<file>', 'module whose default export is an array of handlers')
    .option('--port <port>', 'port to listen on, 0 for a free one (default: 7420)', wholeNumber)
    .option(
      '--http-port <port>',
      'port of health checks, metrics and status (default: the port after --port)',
      wholeNumber,
    )
    .option('--data <dir>', 'directory of the store (default: .millrace/store)')
    .option('--memory', 'keep everything in memory; it is lost when the process ends')
    .option(
      '--watch',
      'restart the worker when a source file below the folder of the module changes',
    )
    .option('--config <file>', 'configuration file (default: millrace.toml)')
    .addHelpText('after', example('millrace dev handlers.ts --watch'))
    .action(run);
};
