import {
  type Clock,
  decodePayload,
  defineTask,
  encodePayload,
  type TaskDefinition,
  Unrecoverable,
} from '@millrace/protocol';
import type { TaskContext } from '@millrace/worker';
import { z } from 'zod';

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

/** Puts the name of a run into the payload of its attempt. */
export const withRun = (payload: Uint8Array, run: string): Uint8Array => {
  const behaviour = behaviourSchema.parse(decodePayload(payload, 'a payload'));
  return encodePayload({ ...behaviour, run }, 'a payload');
};

/** The same work in a process of its own: it blocks no other, and its deadline ends that process. */
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

/** The handler of every task. */
export const runBehaviour = async (
  behaviour: Behaviour,
  ctx: TaskContext,
  { block, clock }: Host,
): Promise<Result> => {
  const { blocksMs = 0, failures, heedsAbort, isFatal, isPoison, key, ms, run = '' } = behaviour;
  await pause(clock, ms, ctx, heedsAbort);
  if (blocksMs > 0) {
    await block(blocksMs);
  }
  if (isPoison === true) {
    throw new Error(`${key} ended the process of its own`);
  }
  if (ctx.attempt <= failures) {
    throw isFatal ? new Unrecoverable(`${key} can never succeed`) : new Error(`${key} fails`);
  }
  return { key, run };
};
