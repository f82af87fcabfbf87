import { existsSync, readFileSync } from 'node:fs';
import { MillraceError, messageOf } from '@millrace/protocol';
import { parse } from 'smol-toml';
import { z } from 'zod';

export const CONFIG_FILE = 'millrace.toml';

const queueSchema = z.strictObject({
  maxItems: z.int().positive().optional(),
  maxBytes: z.int().positive().optional(),
  order: z.enum(['fifo', 'lifo']).optional(),
});

const schema = z.strictObject({
  manager: z
    .strictObject({
      host: z.string().optional(),
      port: z.int().min(0).max(65_535).optional(),
      dataDir: z.string().optional(),
      autoQueues: z.boolean().optional(),
      payloadMaxBytes: z.int().positive().optional(),
      retainMaxBytes: z.int().positive().optional(),
    })
    .default({}),
  queues: z.record(z.string(), queueSchema).default({}),
});

export type ConfigFile = z.infer<typeof schema>;

/**
 * The configuration file: `[manager]` with the manager's options, and a table
 * `[queues.NAME]` for each queue.
 *
 * @param path the file that was named, or nothing for `millrace.toml` if there is one
 * @throws BAD_OPTION naming the file and the key
 */
export const readConfigFile = (path: string | undefined): ConfigFile => {
  if (path === undefined && !existsSync(CONFIG_FILE)) {
    return schema.parse({});
  }
  const file = path ?? CONFIG_FILE;
  let parsed: unknown;
  try {
    parsed = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new MillraceError(
      'BAD_OPTION',
      `cannot read ${file}: ${messageOf(error).split('\n')[0]}`,
    );
  }
  const checked = schema.safeParse(parsed);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    const key = issue?.path.join('.') ?? '';
    throw new MillraceError('BAD_OPTION', `${file}: ${key && `'${key}': `}${issue?.message ?? ''}`);
  }
  return checked.data;
};

type WithoutUndefined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** An object without the keys that hold nothing, so that defaults apply. */
export const present = <T extends object>(value: T): WithoutUndefined<T> =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the filter is what the type says
  Object.fromEntries(
    Object.entries(value).filter(([, held]) => held !== undefined),
  ) as WithoutUndefined<T>;
