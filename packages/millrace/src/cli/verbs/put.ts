import { present } from '../../config/present.ts';
import { durationMs, wholeNumber } from '../asking/parse.ts';
import { payloadOf } from '../asking/payload.ts';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly timeout?: number;
  readonly priority?: number;
  readonly delay?: number;
}

const DEFAULT_TIMEOUT_MS = 5_000;

/** `millrace queue put NAME JSON`: adds an item; prints nothing. */
const run = async (name: string, argument: string, flags: Flags): Promise<void> => {
  const value = await payloadOf(argument);
  await withClient(flags, (client) => {
    const { delay: delayMs, priority, timeout: timeoutMs = DEFAULT_TIMEOUT_MS } = flags;
    return client.queue(name).put(value, { timeoutMs, ...present({ delayMs, priority }) });
  });
};

export const putVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('put')
      .description('add an item')
      .argument('<name>', 'name of the queue')
      .argument('<json>', 'item: JSON, - for JSON from stdin, @FILE for JSON from a file'),
  )
    .option('--timeout <time>', 'longest wait for room (default: 5s)', durationMs)
    .option('--priority <n>', '-128 to 127, higher first', wholeNumber)
    .option('--delay <time>', 'wait before the item can be taken, such as 5m', durationMs)
    .addHelpText('after', example(`millrace queue put numbers '[1,2,3]'`))
    .action(run);
};
