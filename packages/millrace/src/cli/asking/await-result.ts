import type { TaskHandle } from '@millrace/client';
import { present } from '../../config/present.ts';
import { say } from '../terminal/output.ts';

const LOOK_MS = 3_000;

/** Looks at a task that takes its time, and says what is new: nobody takes it, or an attempt failed. */
class TaskNews {
  readonly #handle: TaskHandle;
  #failures = 0;
  #hasDoubted = false;

  constructor(handle: TaskHandle) {
    this.#handle = handle;
  }

  async look(): Promise<void> {
    const { error, failures, name, queue, state } = await this.#handle.inspect();
    if (failures > this.#failures && state !== 'dead') {
      this.#failures = failures;
      say(`attempt ${failures} failed with ${error?.name}: ${error?.message}; it is tried again`);
    } else if (state === 'ready' && !this.#hasDoubted) {
      this.#hasDoubted = true;
      say(
        `task '${name}' still waits in queue '${queue}': does a worker handle it, and has it a free slot? (millrace status)`,
      );
    }
  }
}

/** The result of a task; while it is awaited, stderr says what keeps it. */
export const awaitResult = async (
  handle: TaskHandle,
  timeoutMs: number | undefined,
): Promise<unknown> => {
  const news = new TaskNews(handle);
  // News are a courtesy: the result is what was asked for.
  const timer = setInterval(() => void news.look().catch(() => {}), LOOK_MS);
  try {
    return await handle.result(present({ timeoutMs }));
  } finally {
    clearInterval(timer);
  }
};
