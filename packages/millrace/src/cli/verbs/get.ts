import { durationMs } from '../asking/parse.ts';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { jsonLine, printed } from '../terminal/output.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly timeout?: number;
}

const DEFAULT_TIMEOUT_MS = 5_000;

/** `millrace queue get NAME`: prints an item as JSON, and acknowledges it once it is written. */
const run = (name: string, flags: Flags): Promise<void> =>
  withClient(flags, async (client) => {
    const { timeout: timeoutMs = DEFAULT_TIMEOUT_MS } = flags;
    const item = await client.queue(name).lease({ timeoutMs });
    await printed(jsonLine(item.value));
    await item.ack();
  });

export const getVerb: Verb = (parent) => {
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
