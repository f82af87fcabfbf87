/** `tsc -b` compiles this file: exactly the lines that are marked as errors must be errors. */
import { type Client, defineTask, type TaskHandle } from 'millrace';
import { z } from 'zod';

const typed = defineTask<{ url: string }, number>('typed');
const checked = defineTask('checked', {
  input: z.object({ url: z.string(), width: z.coerce.number() }),
  output: z.object({ bytes: z.number() }),
});
const open = defineTask('open');

export const payloadsAreTyped = async (client: Client): Promise<void> => {
  await client.enqueue(typed, { url: 'x' });
  // @ts-expect-error a number is no url
  await client.enqueue(typed, { url: 5 });
  // @ts-expect-error the url is missing
  await client.enqueue(typed, {});
  // @ts-expect-error a definition types every payload of a batch
  await client.enqueueMany(typed, [{ url: 'x' }, { uri: 'y' }]);
  // @ts-expect-error the schema types the payload
  await client.enqueue(checked, { url: 1, width: 2 });
  await client.enqueue(open, { anything: [1, 'two'] });
  // @ts-expect-error there is no such option
  await client.enqueue(typed, { url: 'x' }, { prioritty: 1 });
};

export const resultsAreTyped = async (client: Client): Promise<number> => {
  const task: TaskHandle<{ bytes: number }> = await client.enqueue(checked, { url: 'x', width: 1 });
  const { bytes } = await task.result();
  // @ts-expect-error the output schema has no such field
  const { size } = await client.task(checked, task.id).result();
  return bytes + Number(size);
};

export const itemsAreTyped = async (client: Client): Promise<number> => {
  const queue = client.queue<number>('numbers');
  // @ts-expect-error the items of this queue are numbers
  await queue.put('seven');
  return queue.get({ timeoutMs: 1_000 });
};
