import { configure } from '../../config/configuration.ts';
import { collect, wholeNumber } from '../asking/parse.ts';
import { logLostStdout } from '../processes/log.ts';
import { endWithPackageManager } from '../processes/parent.ts';
import { type ManagerChoice, startManager } from '../processes/run-manager.ts';
import { onStopSignal } from '../processes/signals.ts';
import { say } from '../terminal/output.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ManagerChoice {
  readonly host?: string;
  readonly port?: number;
  readonly httpPort?: number;
  readonly data?: string;
  readonly autoQueues?: boolean;
  readonly insecure?: boolean;
  readonly config?: string;
}

/** `millrace manager`: serves queues until a signal stops it or its store fails. */
const run = async (flags: Flags): Promise<void> => {
  logLostStdout();
  endWithPackageManager();
  const { autoQueues, data, host, httpPort, insecure, port } = flags;
  const configuration = configure(
    {
      'manager.host': host,
      'manager.port': port,
      'manager.dataDir': data,
      'manager.autoQueues': autoQueues,
      'manager.insecure': insecure,
      'http.port': httpPort,
    },
    flags.config,
  );
  // Until the manager serves there is nothing to stop.
  let stop = (): Promise<void> => Promise.resolve();
  onStopSignal({
    run: (signal) => {
      say(`${signal}: stopping`);
      return stop();
    },
  });
  const { manager } = await startManager(configuration, flags);
  stop = () => manager.stop();
};

export const managerVerb: Verb = (parent) => {
  parent
    .command('manager')
    .description('serve queues')
    .option('--host <host>', 'address to listen on (default: 127.0.0.1)')
    .option('--port <port>', 'port to listen on, 0 for a free one (default: 7420)', wholeNumber)
    .option(
      '--http-port <port>',
      'port of health checks, metrics and status (default: the port after --port)',
      wholeNumber,
    )
    .option('--data <dir>', 'directory of the store (default: .millrace/store)')
    .option('--memory', 'keep everything in memory; it is lost when the process ends')
    .option('--queue <name>', 'declare a queue; may be repeated', collect)
    .option('--auto-queues', 'declare every queue when it is first named')
    .option('--insecure', 'serve other hosts in plaintext')
    .option('--config <file>', 'configuration file (default: millrace.toml)')
    .addHelpText('after', example('millrace manager --queue images --queue mail'))
    .action(run);
};
