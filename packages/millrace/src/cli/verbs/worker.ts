import type { Command } from 'commander';
import { configure } from '../../config/configuration.ts';
import { type ConnectFlags, connectionOf, connectOptions } from '../asking/with-client.ts';
import { killIfStuck, killThisProcess } from '../processes/kill.ts';
import { logLostStdout } from '../processes/log.ts';
import { endWithPackageManager } from '../processes/parent.ts';
import { startWorker } from '../processes/run-worker.ts';
import { onStopSignal } from '../processes/signals.ts';
import { endWithSupervisor, superviseWorker } from '../processes/supervise.ts';
import { say } from '../terminal/output.ts';
import { example } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly name?: string;
  readonly watch?: boolean;
}

/** The line at a stop signal. A supervisor sends SIGTERM at every reload, so the user has not sent it. */
const drainingText = (signal: NodeJS.Signals, withinMs: number): string => {
  const isOfSupervisor = process.send !== undefined && signal === 'SIGTERM';
  const draining = `draining, at most ${withinMs} ms`;
  return isOfSupervisor ? draining : `${signal}: ${draining}; a second signal stops at once`;
};

/** `millrace worker FILE`: runs the handlers of a module until a signal stops the worker. */
const run = async (file: string, flags: Flags): Promise<void> => {
  logLostStdout();
  endWithPackageManager();
  if (flags.watch === true) {
    const args = process.argv.slice(2).filter((argument) => argument !== '--watch');
    const worker = superviseWorker(file, { args });
    onStopSignal({ run: () => worker.stop() });
    return;
  }
  endWithSupervisor();
  const configuration = configure(
    { 'connection.url': flags.url, 'worker.name': flags.name },
    flags.config,
  );
  const starting = startWorker(file, connectionOf(configuration), configuration);
  // Until the worker has connected there is nothing to drain.
  let stop = (): Promise<void> => Promise.resolve();
  const withinMs = configuration.read('worker.drainMs');
  onStopSignal({
    run: (signal) => {
      say(drainingText(signal, withinMs));
      return stop();
    },
    withinMs,
    endAtOnce: killThisProcess,
  });
  const worker = await starting;
  stop = async () => {
    await worker.stop();
    killIfStuck(worker);
  };
};

export const workerVerb = (parent: Command): Command =>
  connectOptions(
    parent
      .command('worker')
      .description('run the handlers of a module; or list, show or drain workers')
      .argument('<file>', 'module whose default export is an array of handlers'),
  )
    .option('--name <name>', 'name shown by status (default: host and process id)')
    .option('--watch', 'restart when a source file below the folder of the module changes')
    .addHelpText('after', example('millrace worker handlers.ts --watch', 'millrace worker ls'))
    .action(run);
