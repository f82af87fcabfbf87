import { currentAssignment } from '../attempt/scope.ts';

/** What blocks the event loop, as far as it is known. */
export interface Blocking {
  readonly taskId: string | undefined;
  readonly name: string | undefined;
  /** Function, file and line. */
  readonly place: string | undefined;
}

const KEY = 'millrace.blocking';
const STACK_FRAMES = 50;

/** The expression by which another thread asks for `blocking` through the inspector. */
export const blockingExpression = `globalThis[Symbol.for('${KEY}')]?.()`;

const stackOfNow = (): string => {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = STACK_FRAMES;
  const { stack } = new Error('the stack of the event loop');
  Error.stackTraceLimit = stackTraceLimit;
  return stack ?? '';
};

const isOfUser = (frame: string): boolean =>
  !/node:|<anonymous>|millrace\.blocking/.test(frame) && !frame.includes(import.meta.url);

/** The innermost frame of a stack that is neither Node's nor of this module. */
export const placeOf = (stack: string): string | undefined => {
  const frames = stack.split('\n').flatMap((line) => /^\s+at (.+)$/.exec(line)?.[1] ?? []);
  return frames.find(isOfUser)?.replace('file://', '');
};

/** Lets another thread ask which attempt runs in this one, and where it is. */
export const exposeBlocking = (): void => {
  const answer = (): string => {
    const assignment = currentAssignment();
    return JSON.stringify({
      taskId: assignment?.token.taskId,
      name: assignment?.name,
      place: placeOf(stackOfNow()),
    });
  };
  Object.defineProperty(globalThis, Symbol.for(KEY), { value: answer, configurable: true });
};

const optionalText = (from: unknown, key: keyof Blocking): string | undefined => {
  const value: unknown = Reflect.get(Object(from), key);
  return typeof value === 'string' ? value : undefined;
};

/** Reads the answer to `blockingExpression`. */
export const readBlocking = (text: string): Blocking => {
  const from: unknown = JSON.parse(text);
  return {
    taskId: optionalText(from, 'taskId'),
    name: optionalText(from, 'name'),
    place: optionalText(from, 'place'),
  };
};
