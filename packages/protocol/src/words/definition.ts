import type { StandardSchemaV1 } from '@standard-schema/spec';
import { MillraceError } from './errors.ts';
import { checkOptions, checkText, shown } from './given.ts';
import { limits } from './limits.ts';
import { checkTaskOptions, type TaskOptions } from './task-options.ts';

/**
 * A kind of task, by name: producers enqueue it, workers bind a handler to it. It
 * carries no code, so that a web application can import it without the handlers.
 *
 * The four types are the two sides of the two schemas: a producer sends `Input`, the
 * handler receives `Parsed` and returns `Returned`, and the producer receives `Output`.
 */
export interface TaskDefinition<
  Input = unknown,
  Output = unknown,
  Parsed = Input,
  Returned = Output,
> {
  readonly name: string;
  readonly queue: string;
  readonly options: TaskOptions;
  /** Default 1. */
  readonly version?: number;
  readonly input?: StandardSchemaV1<Input, Parsed>;
  readonly output?: StandardSchemaV1<Returned, Output>;
  /** Types only; never present at run time. */
  readonly types?: TaskTypes<Input, Output, Parsed, Returned>;
}

interface TaskTypes<Input, Output, Parsed, Returned> {
  readonly input: Input;
  readonly output: Output;
  readonly parsed: Parsed;
  readonly returned: Returned;
}

/** Any task definition, for code to which its types do not matter. */
// oxlint-disable-next-line typescript/no-explicit-any -- the four types are variant; no other bound accepts every definition
export type AnyTask = TaskDefinition<any, any, any, any>;

export interface DefineOptions<Input, Output, Parsed = Input, Returned = Output>
  extends TaskOptions {
  /** Any Standard Schema (zod, valibot, arktype …) for the payload. */
  readonly input?: StandardSchemaV1<Input, Parsed>;
  /** Any Standard Schema for the result. */
  readonly output?: StandardSchemaV1<Returned, Output>;
  /** Default: `default`. */
  readonly queue?: string;
  /**
   * Version of the payload, 1 to 1,000,000; raise this number when the payload changes. Default 1.
   * A worker gets only tasks of the versions that its handlers take.
   */
  readonly version?: number;
}

/** Values that travel as they are, or as their text. */
type Travelling =
  | string
  | number
  | boolean
  | bigint
  | null
  | undefined
  | Date
  | Uint8Array
  | ArrayBuffer
  | { toJSON(): unknown };

type CannotTravel = ((...args: never) => unknown) | symbol;

/**
 * The functions and symbols in a type, down to its fifth level; `never` if there are none.
 * Classes with methods have some, such as `Set` and `Map`, which would arrive as others.
 */
type Untravelling<T, Depth extends readonly unknown[] = []> = 0 extends 1 & T
  ? never
  : Depth['length'] extends 5
    ? never
    : T extends CannotTravel
      ? T
      : T extends Travelling
        ? never
        : T extends readonly (infer Item)[]
          ? Untravelling<Item, [...Depth, 0]>
          : T extends object
            ? { [Key in keyof T]-?: Untravelling<T[Key], [...Depth, 0]> }[keyof T]
            : never;

/** The type of a task's name; no text fits if payload or result could not travel. */
export type TaskName<Input, Output> = [Untravelling<Input> | Untravelling<Output>] extends [never]
  ? string
  : { readonly 'payload or result has what cannot travel': Untravelling<Input | Output> };

export const DEFAULT_QUEUE = 'default';

/** @throws BAD_OPTION unless `name` has 1 to 128 bytes, no NUL and no half of a surrogate pair */
export const checkName = (kind: 'queue' | 'task', name: string): string => {
  checkText(name, `a ${kind} name`);
  const maxBytes = kind === 'queue' ? limits.queueNameMaxBytes : limits.taskNameMaxBytes;
  const bytes = Buffer.byteLength(name);
  if (bytes === 0 || bytes > maxBytes || name.includes('\0') || !name.isWellFormed()) {
    throw new MillraceError(
      'BAD_OPTION',
      `a ${kind} name has 1 to ${maxBytes} bytes, no NUL and no half of a surrogate pair; this one has ${bytes} bytes`,
    );
  }
  return name;
};

/** @throws BAD_OPTION unless the name of a worker or client has 1 to 128 bytes */
export const checkPeerName = (name: string): string => {
  checkText(name, 'the name of a worker or client');
  const bytes = Buffer.byteLength(name);
  if (bytes === 0 || bytes > limits.workerNameMaxBytes) {
    throw new MillraceError(
      'BAD_OPTION',
      `the name of a worker or client has 1 to ${limits.workerNameMaxBytes} bytes, this one has ${bytes}`,
    );
  }
  return name;
};

/**
 * Checks a timeout. Zero or less means do not wait; NaN is refused.
 *
 * @throws BAD_OPTION
 */
export const checkTimeout = (timeoutMs: number, what: string): void => {
  const given: unknown = timeoutMs;
  if (typeof given !== 'number' || Number.isNaN(given)) {
    throw new MillraceError(
      'BAD_OPTION',
      `${what}: timeoutMs is a number of milliseconds, not ${String(given)}`,
    );
  }
};

/** @throws BAD_OPTION unless a version is a whole number from 1 to 1,000,000 */
export const checkVersion = (version: unknown, what: string): number => {
  const isVersion =
    typeof version === 'number' &&
    Number.isInteger(version) &&
    version >= 1 &&
    version <= limits.versionMax;
  if (!isVersion) {
    throw new MillraceError(
      'BAD_OPTION',
      `${what}: a version is a whole number from 1 to ${limits.versionMax}, not ${shown(version)}`,
    );
  }
  return version;
};

/** @throws BAD_OPTION unless a schema is absent or follows Standard Schema */
const checkIsSchema = (schema: unknown, what: string): void => {
  const isSchema =
    (typeof schema === 'object' || typeof schema === 'function') &&
    schema !== null &&
    '~standard' in schema;
  if (schema !== undefined && !isSchema) {
    throw new MillraceError(
      'BAD_OPTION',
      `${what} is a Standard Schema, as of zod, valibot or arktype; this one has no '~standard'`,
    );
  }
};

/**
 * Defines a task: its name, its queue, the schemas of payload and result, and
 * the defaults of its options. Types of payload and result in which a function, a symbol, a
 * `Set` or a `Map` stands do not compile: such values cannot travel, or arrive as others.
 *
 * @throws BAD_OPTION
 */
export const defineTask = <Input = unknown, Output = unknown, Parsed = Input, Returned = Output>(
  taskName: TaskName<Input, Output>,
  options: DefineOptions<Input, Output, Parsed, Returned> = {},
): TaskDefinition<Input, Output, Parsed, Returned> => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a value of the other type cannot be made
  const name = taskName as string;
  checkName('task', name);
  checkOptions(options, `task '${name}'`);
  const { input, output, queue = DEFAULT_QUEUE, version, ...taskOptions } = options;
  checkName('queue', queue);
  checkTaskOptions(taskOptions, `task '${name}'`);
  checkIsSchema(input, `the input of task '${name}'`);
  checkIsSchema(output, `the output of task '${name}'`);
  return {
    name,
    queue,
    options: taskOptions,
    ...(version === undefined ? {} : { version: checkVersion(version, `task '${name}'`) }),
    ...(input === undefined ? {} : { input }),
    ...(output === undefined ? {} : { output }),
  };
};

const valueOf = (checked: StandardSchemaV1.Result<unknown>, what: string): unknown => {
  if (checked.issues === undefined) {
    return checked.value;
  }
  const [issue] = checked.issues;
  const path = issue?.path?.map((p) => String(typeof p === 'object' ? p.key : p)).join('.') ?? '';
  throw new MillraceError(
    'SCHEMA_MISMATCH',
    `${what} does not match its schema${path && ` at '${path}'`}: ${issue?.message ?? 'no reason given'}`,
  );
};

/**
 * The value as its schema parses it; a promise only if the schema is asynchronous.
 *
 * @throws SCHEMA_MISMATCH, or rejects with it
 */
export const checkSchema = (
  schema: StandardSchemaV1 | undefined,
  value: unknown,
  what: string,
): unknown => {
  if (schema === undefined) {
    return value;
  }
  const checked = schema['~standard'].validate(value);
  return checked instanceof Promise
    ? checked.then((later) => valueOf(later, what))
    : valueOf(checked, what);
};
