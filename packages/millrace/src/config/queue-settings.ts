import type { QueueOptions } from '@millrace/manager';
import { MillraceError, suggestion } from '@millrace/protocol';

export type QueueSettings = Pick<QueueOptions, 'maxItems' | 'maxBytes' | 'order'>;

const refuse = (message: string): never => {
  throw new MillraceError('BAD_OPTION', message);
};

const wholeOf = (value: unknown, where: string): number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 1
    ? value
    : refuse(`${where}: a whole number from 1 is needed, not ${JSON.stringify(value)}`);

const orderOf = (value: unknown, where: string): 'fifo' | 'lifo' =>
  value === 'fifo' || value === 'lifo'
    ? value
    : refuse(`${where}: 'fifo' or 'lifo' is needed, not ${JSON.stringify(value)}`);

const known = ['maxItems', 'maxBytes', 'order'];

/**
 * The settings in a table `[queues.NAME]`.
 *
 * @param where names the table in the error
 * @throws BAD_OPTION
 */
export const readQueueSettings = (
  table: Readonly<Record<string, unknown>>,
  where: string,
): QueueSettings => {
  for (const key of Object.keys(table)) {
    if (!known.includes(key)) {
      refuse(`${where} has no key '${key}'${suggestion(key, known)}`);
    }
  }
  const { maxBytes, maxItems, order } = table;
  return {
    ...(maxItems === undefined ? {} : { maxItems: wholeOf(maxItems, `${where}.maxItems`) }),
    ...(maxBytes === undefined ? {} : { maxBytes: wholeOf(maxBytes, `${where}.maxBytes`) }),
    ...(order === undefined ? {} : { order: orderOf(order, `${where}.order`) }),
  };
};
