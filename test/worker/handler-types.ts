/** Code that must not compile. The compiler checks this file; nothing runs it. */
import { defineTask } from '@millrace/protocol';
import { handler } from '@millrace/worker';
import { z } from 'zod';

const resize = defineTask('resize', {
  input: z.object({ url: z.string(), width: z.string().transform(Number) }),
  output: z.object({ bytes: z.number() }),
});
const greet = defineTask<{ name: string }, string>('greet');

export const right = [
  handler(resize, ({ url, width }) => ({ bytes: url.length * width })),
  handler(resize, async (input: { url: string }) => ({ bytes: input.url.length })),
  handler(greet, ({ name }, { attempt, signal }) => (signal.aborted ? name : `${name} ${attempt}`)),
  handler(defineTask('untyped'), (input) => input),
];

export const wrong = [
  // @ts-expect-error the result has no `bytes`
  handler(resize, () => ({ size: 1 })),
  // @ts-expect-error nor has a promised one
  handler(resize, async () => ({ bytes: '1' })),
  // @ts-expect-error the schema makes a number of the width
  handler(resize, (input: { width: string }) => ({ bytes: input.width.length })),
  // @ts-expect-error there is no such field in the input
  handler(greet, (input: { age: number }) => String(input.age)),
  // @ts-expect-error a greeting is a text
  handler(greet, () => 1),
  // @ts-expect-error there is no such runner
  handler(greet, () => 'hello', { runner: 'fibre' }),
];
