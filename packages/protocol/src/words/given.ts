import { MillraceError } from './errors.ts';

/*
 * Checks of arguments. A caller without types may pass any value; for a caller with types the
 * compiler refuses the same values.
 */

/** The type of a wrong argument, for the message of an error. */
export const described = (value: unknown): string => {
  if (value === null || value === undefined) {
    return String(value);
  }
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
};

/** A wrong argument, for the message of an error: a text or number as it is, any other by its type. */
export const shown = (value: unknown): string => {
  switch (typeof value) {
    case 'string':
      return `'${value}'`;
    case 'number':
    case 'boolean':
      return String(value);
    default:
      return described(value);
  }
};

/** @throws BAD_OPTION unless the options of a call are an object */
export const checkOptions = (options: unknown, what: string): void => {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new MillraceError(
      'BAD_OPTION',
      `${what}: the options are an object, not ${described(options)}`,
    );
  }
};

/** @throws BAD_OPTION unless a value is text */
export const checkText = (text: unknown, what: string): void => {
  if (typeof text !== 'string') {
    throw new MillraceError('BAD_OPTION', `${what} is text, not ${described(text)}`);
  }
};

/** @throws BAD_OPTION unless a value is a list */
export const checkList = (list: unknown, what: string): void => {
  if (!Array.isArray(list)) {
    throw new MillraceError('BAD_OPTION', `${what} are a list, not ${described(list)}`);
  }
};

/** @throws BAD_OPTION unless a value is a task definition. A circular import leaves it undefined. */
export const checkTask = (task: unknown, what: string): void => {
  if (typeof task !== 'object' || task === null || !('name' in task) || !('options' in task)) {
    throw new MillraceError(
      'BAD_OPTION',
      `${what}: a task made by defineTask is needed, not ${described(task)}`,
    );
  }
};
