import { type Client } from '@millrace/client';
import { codeOf, type LeasedItem } from '@millrace/protocol';
import { countOf, durationMs } from '../asking/parse.ts';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { jsonLine, printed } from '../terminal/output.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly timeout?: number;
  readonly max?: number;
}

const DEFAULT_TIMEOUT_MS = 5_000;

/** The next item; undefined if the queue is empty and need not have one. */
const nextOf = async (
  client: Client,
  name: string,
  timeoutMs: number,
  isFirst: boolean,
): Promise<LeasedItem<unknown> | undefined> => {
  try {
    return await client.queue(name).lease({ timeoutMs: isFirst ? timeoutMs : 0 });
  } catch (error) {
    if (!isFirst && codeOf(error) === 'QUEUE_EMPTY') {
      return undefined;
    }
    throw error;
  }
};

/**
 * `millrace queue get NAME`: prints items as JSON, one in a line, and acknowledges each once it is
 * written. Waits only for the first.
 */
const run = (name: string, flags: Flags): Promise<void> =>
  withClient(flags, async (client) => {
    const { max = 1, timeout: timeoutMs = DEFAULT_TIMEOUT_MS } = flags;
    for (let count = 0; count < max; count++) {
      const item = await nextOf(client, name, timeoutMs, count === 0);
      if (item === undefined) {
        return;
      }
      await printed(jsonLine(item.value));
      await item.ack();
    }
  });

export const getVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('get')
      .description('take an item, or several, and print each as a line of JSON')
      .argument('<name>', 'name of the queue'),
  )
    .option('--timeout <time>', 'longest wait for an item (default: 5s)', durationMs)
    .option('--max <n>', 'take up to so many items, as many as there are', countOf)
    .addHelpText('after', example('millrace queue get numbers --timeout 1m'))
    .action(run);
};
