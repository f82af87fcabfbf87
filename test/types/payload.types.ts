/** `tsc -b` compiles this file: exactly the lines that are marked as errors must be errors. */
import { type Client, defineTask, type TaskHandle } from 'millrace';
import { z } from 'zod';

const typed = defineTask<{ url: string }, number>('typed');
const checked = defineTask('checked', {
  input: z.object({ url: z.string(), width: z.coerce.number() }),
  output: z.object({ bytes: z.number() }),
});
const open = defineTask('open');

interface Tree {
  readonly value: number;
  readonly children: readonly Tree[];
}
class Point {
  readonly x = 1;
  norm(): number {
    return this.x;
  }
}

export const whatCannotTravelDoesNotCompile = [
  defineTask<Tree, Record<string, Date | Uint8Array | bigint | undefined>>('plain'),
  defineTask<URL, { readonly name: string; readonly message: string }>('texts'),
  defineTask('schema', { input: z.object({ at: z.date(), bytes: z.instanceof(Uint8Array) }) }),
  // @ts-expect-error a function in the payload
  defineTask<{ readonly then: () => void }>('function'),
  // @ts-expect-error a Set as the result
  defineTask<null, Set<string>>('set'),
  // @ts-expect-error a Map deep in the payload
  defineTask<{ readonly a: readonly [{ readonly b: Map<string, number> }] }>('map'),
  // @ts-expect-error a class with a method
  defineTask<Point>('class'),
  // @ts-expect-error a promise as the result
  defineTask<null, Promise<number>>('promise'),
  // @ts-expect-error numbers of a typed array
  defineTask<Float32Array>('typed array'),
  // @ts-expect-error the schema parses into a Set, which would arrive as a list
  defineTask('parsed', { output: z.set(z.string()) }),
];

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
