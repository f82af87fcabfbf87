import { present } from '../../config/present.ts';
import { durationMs, json, wholeNumber } from '../asking/parse.ts';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly timeout?: number;
  readonly priority?: number;
  readonly delay?: number;
}

const DEFAULT_TIMEOUT_MS = 5_000;

/** `millrace queue put NAME JSON`: adds an item; prints nothing. */
const run = (name: string, value: unknown, flags: Flags): Promise<void> =>
  withClient(flags, (client) => {
    const { delay: delayMs, priority, timeout: timeoutMs = DEFAULT_TIMEOUT_MS } = flags;
    return client.queue(name).put(value, { timeoutMs, ...present({ delayMs, priority }) });
  });

export const putVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('put')
      .description('add an item')
      .argument('<name>', 'name of the queue')
      .argument('<json>', 'item to add', json),
  )
    .option('--timeout <time>', 'longest wait for room (default: 5s)', durationMs)
    .option('--priority <n>', '-128 to 127, higher first', wholeNumber)
    .option('--delay <time>', 'wait before the item can be taken, such as 5m', durationMs)
    .addHelpText('after', example(`millrace queue put numbers '[1,2,3]'`))
    .action(run);
};
