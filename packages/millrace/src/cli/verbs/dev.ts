import { setTimeout as after } from 'node:timers/promises';
import { messageOf } from '@millrace/protocol';
import { loadHandlers } from '@millrace/worker';
import { configure } from '../../config/configuration.ts';
import { tuning } from '../../tuning.ts';
import { wholeNumber } from '../asking/parse.ts';
import { endProcess, killIfStuck, killThisProcess } from '../processes/kill.ts';
import { logLostStdout } from '../processes/log.ts';
import { endWithPackageManager } from '../processes/parent.ts';
import { type ManagerChoice, startManager } from '../processes/run-manager.ts';
import { startWorker } from '../processes/run-worker.ts';
import { onStopSignal } from '../processes/signals.ts';
import { reportError } from '../terminal/exit.ts';
import { say } from '../terminal/output.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ManagerChoice {
  readonly port?: number;
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

/** `millrace dev FILE`: runs a manager, which declares each queue when named, and a worker. */
const run = async (file: string, flags: Flags): Promise<void> => {
  logLostStdout();
  endWithPackageManager();
  const configuration = configure(
    { 'manager.port': flags.port, 'manager.dataDir': flags.data, 'manager.autoQueues': true },
    flags.config,
  );
  const withinMs = configuration.read('worker.drainMs');
  // Until the manager serves there is nothing to drain.
  let stop = (): Promise<void> => Promise.resolve();
  onStopSignal({
    run: (signal) => {
      say(`${signal}: draining; a second signal stops at once`);
      return stop();
    },
    withinMs,
    endAtOnce: killThisProcess,
  });
  // A fault of the module is reported before anything is started.
  await loadHandlers(file);
  const { authkey, manager, url } = await startManager(configuration, flags);
  stop = () => manager.stop();
  try {
    const start = async (): Promise<void> => {
      const worker = await startWorker(file, { url, authkey }, configuration, {
        afterDrain: () => manager.stop(),
        reserveMs: Math.min(tuning.devManagerStopMs, withinMs / 2),
        onFault: () => restart(start).catch((error: unknown) => endProcess(reportError(error))),
      });
      stop = async () => {
        await worker.stop();
        await manager.stop();
        killIfStuck(worker);
      };
    };
    await start();
  } catch (error) {
    await manager.stop();
    throw error;
  }
};

export const devVerb: Verb = (parent) => {
  parent
    .command('dev')
    .description('run a manager and a worker in one process, for development')
    .argument('<file>', 'module whose default export is an array of handlers')
    .option('--port <port>', 'port to listen on, 0 for a free one (default: 7420)', wholeNumber)
    .option('--data <dir>', 'directory of the store (default: .millrace/store)')
    .option('--memory', 'keep everything in memory; it is lost when the process ends')
    .option('--config <file>', 'configuration file (default: millrace.toml)')
    .addHelpText('after', example('millrace dev handlers.ts'))
    .action(run);
};
