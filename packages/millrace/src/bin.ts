import { VERSION } from '@millrace/manager';
import { MillraceError } from '@millrace/protocol';
import { Command, CommanderError } from 'commander';
import { enqueueCommand } from './cli/enqueue-command.ts';
import { exitCodes, reportError } from './cli/exit.ts';
import { managerCommand } from './cli/manager-command.ts';
import { statusCommand } from './cli/status-command.ts';
import { workerCommand } from './cli/worker-command.ts';

const wholeNumber = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value)) {
    throw new MillraceError('BAD_OPTION', `'${text}' is not a whole number`);
  }
  return value;
};

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

const program = new Command('millrace')
  .description('A durable distributed task queue: manager, workers, and a client.')
  .version(VERSION)
  .showSuggestionAfterError()
  .exitOverride()
  .configureOutput({ outputError: () => {} });

program
  .command('manager')
  .description('serve queues')
  .option('--host <host>', 'address to listen on (default: 127.0.0.1)')
  .option('--port <port>', 'port to listen on, 0 for a free one (default: 7420)', wholeNumber)
  .option('--data <dir>', 'directory of the store (default: .millrace/store)')
  .option('--memory', 'keep everything in memory; it is lost with the process')
  .option('--queue <name>', 'declare a queue; may be repeated', collect)
  .option('--auto-queues', 'declare every queue when it is first named')
  .option('--config <file>', 'configuration file (default: millrace.toml)')
  .option('--insecure', 'serve other hosts in plaintext')
  .addHelpText('after', '\nExample:\n  millrace manager --queue images --queue mail')
  .action(managerCommand);

program
  .command('worker')
  .description('run the handlers of a module')
  .argument('<file>', 'module whose default export is an array of handlers')
  .option('--url <url>', 'manager to connect to')
  .option('--name <name>', 'name shown by status')
  .addHelpText('after', '\nExample:\n  millrace worker handlers.ts')
  .action(workerCommand);

program
  .command('enqueue')
  .description('add a task; prints its id, or its result')
  .argument('<task>', 'name of the task')
  .argument('<json>', 'its payload')
  .option('--url <url>', 'manager to connect to')
  .option('--queue <name>', 'queue of the task (default: default)')
  .option('--wait', 'wait for the result and print it as JSON')
  .option('--timeout-ms <ms>', 'longest wait for the result', wholeNumber)
  .option('--priority <n>', '-128 to 127, higher first', wholeNumber)
  .option('--delay-ms <ms>', 'wait before the task is ready', wholeNumber)
  .addHelpText('after', `\nExample:\n  millrace enqueue greet '{"name":"Ada"}' --wait`)
  .action(enqueueCommand);

program
  .command('status')
  .description('what the manager says of itself')
  .option('--url <url>', 'manager to ask')
  .option('--json', 'print the whole document as JSON')
  .addHelpText('after', '\nExample:\n  millrace status --json')
  .action(statusCommand);

const usageExit = (error: CommanderError): number => {
  if (error.exitCode === 0) {
    return exitCodes.ok;
  }
  const [line] = error.message.replace(/^error: /, '').split('\n');
  process.stderr.write(`millrace: ${line} (see millrace --help)\n`);
  return exitCodes.usage;
};

try {
  await program.parseAsync();
} catch (error) {
  process.exit(error instanceof CommanderError ? usageExit(error) : reportError(error));
}
