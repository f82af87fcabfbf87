import { decodeErrorDetails, type PlainError, type TaskError } from '@millrace/protocol';

/** The last error of a task, as plain data, with its code, its causes and its inner errors. */
export interface RemoteError extends PlainError {
  /** `false`: no further attempt could help. */
  readonly retry: boolean;
}

export const remoteErrorOf = ({ details, ...error }: TaskError): RemoteError => ({
  ...error,
  ...decodeErrorDetails(details),
});

/** The error as a chain that `console.error` prints with all its causes. */
export const errorOf = ({ cause, code, errors, message, name, stack }: PlainError): Error => {
  const options = cause === undefined ? {} : { cause: errorOf(cause) };
  const error =
    errors === undefined
      ? new Error(message, options)
      : new AggregateError(errors.map(errorOf), message, options);
  error.name = name;
  error.stack = stack === '' ? `${name}: ${message}` : stack;
  return code === undefined ? error : Object.assign(error, { code });
};

/** Causes that a text tells. */
const TOLD_CAUSES = 3;

const inWords = ({ code, message, name }: PlainError): string => {
  const text = `${name}: ${message}`;
  return code === undefined || text.includes(code) ? text : `${text} (${code})`;
};

/** The error and its first causes in one line. */
export const describeRemote = (error: PlainError): string => {
  const texts = [inWords(error)];
  for (
    let { cause } = error;
    cause !== undefined && texts.length <= TOLD_CAUSES;
    { cause } = cause
  ) {
    texts.push(inWords(cause));
  }
  return texts.join('; caused by ');
};
