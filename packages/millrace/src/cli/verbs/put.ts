import { encodePayload, limits, MillraceError } from '@millrace/protocol';
import { present } from '../../config/present.ts';
import { durationMs, wholeNumber } from '../asking/parse.ts';
import { payloadsOf } from '../asking/payload.ts';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly timeout?: number;
  readonly priority?: number;
  readonly delay?: number;
}

const DEFAULT_TIMEOUT_MS = 5_000;

/** One call puts as many items as fit into these bounds. */
const CALL_MAX_ITEMS = 1_000;
const CALL_MAX_BYTES = 4 * 1024 * 1024;

const inCalls = (values: readonly unknown[]): unknown[][] => {
  const calls: unknown[][] = [];
  let call: unknown[] = [];
  let bytes = 0;
  for (const value of values) {
    const own = encodePayload(value, 'an item', limits.payloadCeilingBytes).length;
    if (calls.length === 0 || call.length === CALL_MAX_ITEMS || bytes + own > CALL_MAX_BYTES) {
      call = [];
      bytes = 0;
      calls.push(call);
    }
    call.push(value);
    bytes += own;
  }
  return calls;
};

/** Says how many items were put before an error. */
const partlyPut = (error: unknown, put: number, all: number): unknown =>
  put > 0 && error instanceof MillraceError
    ? new MillraceError(error.code, `${put} of ${all} items were put, then: ${error.message}`, {
        cause: error,
      })
    : error;

/** `millrace queue put NAME JSON...`: adds items in their order; prints nothing. */
const run = async (name: string, payloads: readonly string[], flags: Flags): Promise<void> => {
  const values = (await Promise.all(payloads.map(payloadsOf))).flat();
  const { delay: delayMs, priority, timeout: timeoutMs = DEFAULT_TIMEOUT_MS } = flags;
  await withClient(flags, async (client) => {
    let put = 0;
    for (const call of inCalls(values)) {
      try {
        await client.queue(name).putMany(call, { timeoutMs, ...present({ delayMs, priority }) });
      } catch (error) {
        throw partlyPut(error, put, values.length);
      }
      put += call.length;
    }
  });
};

export const putVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('put')
      .description('add items')
      .argument('<name>', 'name of the queue')
      .argument(
        '<json...>',
        'items: JSON, - for stdin, @FILE for a file; these hold one JSON text, or one in each line',
      ),
  )
    .option('--timeout <time>', 'longest wait for room (default: 5s)', durationMs)
    .option('--priority <n>', '-128 to 127, higher first', wholeNumber)
    .option('--delay <time>', 'wait before the items can be taken, such as 5m', durationMs)
    .addHelpText(
      'after',
      example(`millrace queue put numbers '[1,2,3]' 4`, 'seq 1000 | millrace queue put numbers -'),
    )
    .action(run);
};
