import { jsonLine, print } from '../output.ts';
import { durationMs } from '../parse.ts';
import { type ConnectFlags, connectOptions, withClient } from '../with-client.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly timeout?: number;
}

const DEFAULT_TIMEOUT_MS = 5_000;

/** `millrace queue get NAME`: takes an item and prints it as JSON. */
const run = (name: string, flags: Flags): Promise<void> =>
  withClient(flags, async (client) => {
    const { timeout: timeoutMs = DEFAULT_TIMEOUT_MS } = flags;
    print(jsonLine(await client.queue(name).get({ timeoutMs })));
  });

export const queueGetVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('get')
      .description('take an item and print it as JSON')
      .argument('<name>', 'name of the queue'),
  )
    .option('--timeout <time>', 'longest wait for an item (default: 5s)', durationMs)
    .addHelpText('after', example('millrace queue get numbers --timeout 1m'))
    .action(run);
};
