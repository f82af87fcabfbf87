import {
  type AnyTask,
  type CallOptions,
  checkCall,
  checkTaskOptions,
  type NewTask,
  type RetryOptions,
  type TaskOptions,
} from '@millrace/protocol';

/** The option of a task's key, as ENQUEUE carries it. */
type Keyed = Pick<NonNullable<NewTask['options']>, 'once' | 'latest'>;

/** The options of a task, of which each setting has one form only. */
export interface TaskSettings
  extends Pick<TaskOptions, 'priority' | 'deadlineMs' | 'attempts' | 'retry' | 'expiresInMs'> {
  /** When the task is ready: a Date, or a wait in ms. */
  readonly start?: Date | number;
  readonly keyed?: Keyed;
}

/** An option that is `undefined` counts as absent. */
const given = <T extends object>(options: { readonly [K in keyof T]: T[K] | undefined }): T =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only absent values are left out
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;

const keyedOf = ({
  debounce,
  idempotencyKey,
  replace,
  throttle,
}: TaskOptions): Keyed | undefined => {
  if (debounce !== undefined) {
    const { key, maxWaitMs, ms } = debounce;
    return { latest: { key, waitMs: ms, maxWaitMs } };
  }
  if (replace !== undefined) {
    return { latest: { key: replace.key, waitMs: undefined, maxWaitMs: undefined } };
  }
  if (throttle !== undefined) {
    return { once: { key: throttle.key, forMs: throttle.ms } };
  }
  if (idempotencyKey === undefined) {
    return undefined;
  }
  const once = typeof idempotencyKey === 'string' ? { key: idempotencyKey } : idempotencyKey;
  return { once: { key: once.key, forMs: once.forMs } };
};

const settingsFrom = (options: TaskOptions): TaskSettings => {
  const { attempts, debounce, delayMs, retry = {}, runAt } = options;
  return given<TaskSettings>({
    priority: options.priority,
    deadlineMs: options.deadlineMs,
    expiresInMs: options.expiresInMs,
    attempts: attempts ?? retry.attempts,
    retry: given<RetryOptions>(retry),
    start: runAt ?? delayMs ?? debounce?.ms,
    keyed: keyedOf(options),
  });
};

const ofDefinitions = new WeakMap<TaskOptions, TaskSettings>();

/** The settings of each definition, which are computed once. */
const defaultsOf = ({ options }: AnyTask): TaskSettings => {
  const known = ofDefinitions.get(options) ?? settingsFrom(options);
  ofDefinitions.set(options, known);
  return known;
};

/**
 * The options of the definition, overridden by those of the call.
 *
 * @throws BAD_OPTION
 */
export const settingsOf = (
  task: AnyTask,
  options: (TaskOptions & CallOptions) | undefined,
): TaskSettings => {
  const byDefault = defaultsOf(task);
  if (options === undefined) {
    return byDefault;
  }
  checkCall(options, `task '${task.name}'`);
  const { signal: _signal, timeoutMs: _timeoutMs, ...taskOptions } = options;
  checkTaskOptions(taskOptions, `task '${task.name}'`);
  const own = settingsFrom(taskOptions);
  return { ...byDefault, ...own, retry: { ...byDefault.retry, ...own.retry } };
};
