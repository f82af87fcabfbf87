import { connect } from '@millrace/client';
import { defineTask, MillraceError } from '@millrace/protocol';
import { present } from './config-file.ts';

export interface EnqueueFlags {
  readonly url?: string;
  readonly queue?: string;
  readonly wait?: boolean;
  readonly timeoutMs?: number;
  readonly priority?: number;
  readonly delayMs?: number;
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new MillraceError('BAD_OPTION', `the payload is not JSON: ${text}`);
  }
};

/** `millrace enqueue TASK JSON`: prints the task's id, or with `--wait` its result as JSON. */
export const enqueueCommand = async (
  name: string,
  json: string,
  flags: EnqueueFlags,
): Promise<void> => {
  const { delayMs, priority, queue, timeoutMs, url } = flags;
  const task = defineTask(name, present({ queue }));
  const payload = parseJson(json);
  const client = await connect(present({ url }));
  try {
    const handle = await client.enqueue(task, payload, present({ delayMs, priority }));
    const printed =
      flags.wait === true ? JSON.stringify(await handle.result(present({ timeoutMs }))) : handle.id;
    process.stdout.write(`${printed ?? 'null'}\n`);
  } finally {
    await client.close();
  }
};
