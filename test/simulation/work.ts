import {
  type Clock,
  decodePayload,
  defineTask,
  encodePayload,
  RetryAfter,
  Snooze,
  type TaskDefinition,
  Unrecoverable,
} from '@millrace/protocol';
import type { TaskContext } from '@millrace/worker';
import { z } from 'zod';
import { hashOf, Random } from '../support/random.ts';

const whimsSchema = z.object({
  /** The share of runs that put their task off. */
  snoozes: z.number(),
  /** The share of failures that ask for a wait. */
  asks: z.number(),
  /** The longest wait that a run asks for. */
  maxMs: z.number(),
});
/** Decisions of a handler at run time, made by a hash of the run's name. */
export type Whims = z.infer<typeof whimsSchema>;

/** The behaviour of a task's handler, sent as its payload. */
const behaviourSchema = z.object({
  /** The name of the task in the history. */
  key: z.string(),
  /** The time that the handler takes. */
  ms: z.number(),
  /** The number of attempts that fail before one succeeds. */
  failures: z.number(),
  /** Whether a failure forbids a retry. */
  isFatal: z.boolean(),
  heedsAbort: z.boolean(),
  /** Whether it ends the process that it runs in. */
  isPoison: z.boolean().optional(),
  /** After `ms`, the handler blocks its event loop for this long. */
  blocksMs: z.number().optional(),
  whims: whimsSchema.optional(),
  /** The name of this run, which the worker of the simulation fills in. */
  run: z.string().optional(),
  /** Makes the payload larger. */
  padding: z.string(),
});
export type Behaviour = z.infer<typeof behaviourSchema>;

const resultSchema = z.object({ key: z.string(), run: z.string() });
type Result = z.infer<typeof resultSchema>;

export type SimTask = TaskDefinition<Behaviour, Result>;

const define = (name: string, queue: string): SimTask =>
  defineTask<Behaviour, Result>(name, { queue });

/** The tasks. Two share the large queue; the small queue of `weigh` fills up. */
export const simTasks = {
  grind: define('grind', 'mill'),
  sift: define('sift', 'mill'),
  weigh: define('weigh', 'scales'),
  probe: define('probe', 'probes'),
} as const;
export type SimTaskName = keyof typeof simTasks;

/** The task in a version, as a producer of that version defines it. */
export const simTaskIn = (name: SimTaskName, version: number): SimTask =>
  version === 1 ? simTasks[name] : { ...simTasks[name], version };

/** Puts the name of a run into the payload of its attempt. */
export const withRun = (payload: Uint8Array, run: string): Uint8Array => {
  const behaviour = behaviourSchema.parse(decodePayload(payload, 'a payload'));
  return encodePayload({ ...behaviour, run }, 'a payload');
};

/** The same work in a process of its own, which blocks no other work and which its deadline ends. */
export const isolated = (payload: Uint8Array): Uint8Array => {
  const behaviour = behaviourSchema.parse(decodePayload(payload, 'a payload'));
  const { blocksMs = 0, heedsAbort, ms } = behaviour;
  const alone = { ms: ms + blocksMs, blocksMs: 0, heedsAbort: heedsAbort || blocksMs > 0 };
  return encodePayload({ ...behaviour, ...alone }, 'a payload');
};

/** Whether a payload ends the process that its attempt runs in, and after which time. */
export const poisonOf = (payload: Uint8Array): { readonly afterMs: number } | undefined => {
  const { isPoison, ms } = behaviourSchema.parse(decodePayload(payload, 'a payload'));
  return isPoison === true ? { afterMs: ms } : undefined;
};

/** The name of the run that produced a result. */
export const runOf = (value: unknown): string => {
  const parsed = resultSchema.safeParse(value);
  return parsed.success ? parsed.data.run : `not a result: ${JSON.stringify(value)}`;
};

export const runOfBytes = (result: Uint8Array): string => runOf(decodePayload(result, 'a result'));

const pause = (clock: Clock, ms: number, ctx: TaskContext, heedsAbort: boolean): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = clock.after(ms, resolve);
    if (heedsAbort) {
      ctx.signal.addEventListener('abort', () => {
        stop();
        reject(new Error('stopped by its signal'));
      });
    }
  });

/** The process that handlers run in. */
export interface Host {
  readonly clock: Clock;
  /** Blocks the event loop; resolves when it runs again. */
  readonly block: (forMs: number) => Promise<void>;
}

/** A number in [0, 1) that a run of this name always draws for this purpose. */
const drawnBy = (run: string, purpose: string): number =>
  new Random(hashOf(`${run} ${purpose}`)).next();

const waitOf = ({ maxMs }: Whims, run: string): number => Math.floor(drawnBy(run, 'wait') * maxMs);

/** What a run throws that fails. */
const failureOf = ({ isFatal, key, run = '', whims }: Behaviour): Error => {
  if (isFatal) {
    return new Unrecoverable(`${key} can never succeed`);
  }
  return whims !== undefined && drawnBy(run, 'ask') < whims.asks
    ? new RetryAfter(waitOf(whims, run), `${key} asks for a wait`)
    : new Error(`${key} fails`);
};

/** The handler of every task. */
export const runBehaviour = async (
  behaviour: Behaviour,
  ctx: TaskContext,
  { block, clock }: Host,
): Promise<Result> => {
  const { blocksMs = 0, failures, heedsAbort, isPoison, key, ms, run = '', whims } = behaviour;
  await pause(clock, ms, ctx, heedsAbort);
  if (blocksMs > 0) {
    await block(blocksMs);
  }
  if (isPoison === true) {
    throw new Error(`${key} ended the process of its own`);
  }
  if (whims !== undefined && drawnBy(run, 'snooze') < whims.snoozes) {
    throw new Snooze(waitOf(whims, run));
  }
  if (ctx.attempt <= failures) {
    throw failureOf(behaviour);
  }
  return { key, run };
};
