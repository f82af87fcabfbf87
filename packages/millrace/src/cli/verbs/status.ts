import { configure } from '../../config/configuration.ts';
import {
  type ConnectFlags,
  connectionOf,
  connectOptions,
  withClient,
} from '../asking/with-client.ts';
import { statusGlossary } from '../status/columns.ts';
import { renderStatus } from '../status/render.ts';
import { levelOf, levels } from '../status/verdict.ts';
import { watchStatus } from '../status/watch.ts';
import { print, printJson } from '../terminal/output.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly json?: boolean;
  readonly watch?: boolean;
}

/** `millrace status`: prints the manager's status; the exit code is a verdict. */
const run = async (flags: Flags): Promise<void> => {
  const asJson = flags.json === true;
  if (flags.watch === true) {
    const configuration = configure({ 'connection.url': flags.url }, flags.config);
    await watchStatus(connectionOf(configuration), asJson);
  }
  const status = await withClient(flags, (client) => client.status());
  if (asJson) {
    printJson(status);
  } else {
    print(renderStatus(status));
  }
  process.exitCode = levels[levelOf(status.attention)];
};

export const statusVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('status')
      .description('show the status of the manager, its queues and its workers'),
  )
    .option('--watch', 'show it every second, also across restarts of the manager')
    .option('--json', 'print the whole status as JSON')
    .addHelpText('after', example('millrace status --watch', 'millrace status --json'))
    .addHelpText('after', statusGlossary)
    .addHelpText('after', '\nExit codes: 0 ok, 1 warning, 2 critical, 3 no answer')
    .action(run);
};
