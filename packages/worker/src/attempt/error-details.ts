import { type ErrorDetails, encodeErrorDetails, limits, type PlainError } from '@millrace/protocol';
import { describeThrown } from './describe-thrown.ts';

/** Errors of one AggregateError that are told. */
const INNER_MAX = 16;

/** Reads a property of a value that user code threw, whose getters and proxies may throw too. */
const read = (thrown: object, key: string): unknown => {
  try {
    return Reflect.get(thrown, key);
  } catch {
    return undefined;
  }
};

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const textOf = (thrown: object, key: string): string => {
  const value = read(thrown, key);
  return typeof value === 'string' ? value : '';
};

const codeIn = (thrown: object): string | undefined => {
  const code = read(thrown, 'code');
  return typeof code === 'string' || typeof code === 'number' ? String(code) : undefined;
};

const isList = (value: unknown): value is readonly unknown[] => {
  try {
    return Array.isArray(value);
  } catch {
    // A revoked proxy.
    return false;
  }
};

const plainOf = (thrown: unknown, path: readonly object[]): PlainError => {
  if (!isObject(thrown)) {
    return { name: typeof thrown, message: String(thrown), stack: '' };
  }
  const name = textOf(thrown, 'name');
  const message = textOf(thrown, 'message');
  // An object that is no error, such as the body of an answer, is shown with its fields.
  const isError = name !== '' || message !== '';
  return {
    name: isError ? name : 'object',
    message: isError ? message : describeThrown(thrown),
    stack: textOf(thrown, 'stack'),
    ...detailsIn(thrown, path),
  };
};

/** @param path the errors around this one: a chain may lead back to them */
const detailsIn = (thrown: object, path: readonly object[]): ErrorDetails => {
  const inside = [...path, thrown];
  const isTold = (value: unknown): boolean =>
    value !== undefined && value !== null && !(isObject(value) && inside.includes(value));
  if (inside.length > limits.errorDetailsMaxDepth) {
    return {};
  }
  const code = codeIn(thrown);
  const cause = read(thrown, 'cause');
  const errors = read(thrown, 'errors');
  const inner = isList(errors) ? errors.slice(0, INNER_MAX).filter(isTold) : [];
  return {
    ...(code === undefined ? {} : { code }),
    ...(isTold(cause) ? { cause: plainOf(cause, inside) } : {}),
    ...(inner.length === 0 ? {} : { errors: inner.map((error) => plainOf(error, inside)) }),
  };
};

/** The code, the causes and the inner errors of a thrown value. Never throws. */
export const detailsOf = (thrown: unknown): Uint8Array | undefined => {
  try {
    return isObject(thrown) ? encodeErrorDetails(detailsIn(thrown, [])) : undefined;
  } catch {
    return undefined;
  }
};

/** The texts of the inner errors, for an AggregateError that says nothing itself. */
export const innerTexts = (thrown: unknown): string | undefined => {
  const errors = isObject(thrown) ? read(thrown, 'errors') : undefined;
  if (!isList(errors) || errors.length === 0) {
    return undefined;
  }
  const texts = errors.slice(0, INNER_MAX).map((error) => {
    const { message, name } = plainOf(error, []);
    return `${name}: ${message}`;
  });
  const what = errors.length === 1 ? '1 error' : `${errors.length} errors`;
  return `${what}: ${texts.join('; ')}`;
};
