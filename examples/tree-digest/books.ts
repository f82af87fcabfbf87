/** The manager's totals for one queue. */
export interface Books {
  readonly enqueued: number;
  readonly succeeded: number;
  readonly dead: number;
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

const numberOf = (value: unknown, name: string): number => {
  const field = fieldOf(value, name);
  if (typeof field !== 'number') {
    throw new TypeError(`the status has no number '${name}' for this queue`);
  }
  return field;
};

/**
 * Reads the totals of a queue from a manager's status.
 *
 * @throws TypeError if the status does not have them
 */
export const booksOf = (status: unknown, queue: string): Books => {
  const queues = fieldOf(status, 'queues');
  const row: unknown = Array.isArray(queues)
    ? queues.find((candidate) => fieldOf(candidate, 'name') === queue)
    : undefined;
  return {
    enqueued: numberOf(row, 'enqueued'),
    succeeded: numberOf(row, 'succeeded'),
    dead: numberOf(row, 'dead'),
  };
};
