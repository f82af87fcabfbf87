import type { TaskHandle } from '@millrace/client';
import { present } from '../../config/present.ts';
import { say } from '../terminal/output.ts';

const LOOK_MS = 3_000;

/** Inspects an awaited task, and says on stderr that no worker takes it or an attempt failed. */
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
      say(
        `attempt ${failures} failed with ${error?.name}: ${error?.message}; the task will be retried`,
      );
    } else if (state === 'ready' && !this.#hasDoubted) {
      this.#hasDoubted = true;
      say(
        `task '${name}' still waits in queue '${queue}': check with 'millrace status' that a worker handles it and has a free slot`,
      );
    }
  }
}

/**
 * The result of a task. While it is awaited, stderr says what delays it.
 *
 * @param timeoutMs longest wait; undefined for the default of the SDK
 */
export const awaitResult = async (
  handle: TaskHandle,
  timeoutMs: number | undefined,
): Promise<unknown> => {
  const news = new TaskNews(handle);
  // An inspection that fails is ignored: the command asked for the result only.
  const timer = setInterval(() => void news.look().catch(() => {}), LOOK_MS);
  try {
    return await handle.result(present({ timeoutMs }));
  } finally {
    clearInterval(timer);
  }
};
