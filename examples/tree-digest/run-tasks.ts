import type { Client, TaskDefinition } from 'millrace';
import type { FileList } from './digest.ts';
import { mergeTree, type Summary } from './summary.ts';
import { digestTask, mergeTask } from './tasks.ts';

/** More than the whole demonstration takes. */
const RESULT_MAX_MS = 180_000;

/** Enqueues one task for each input; resolves with the results in the order of the inputs. */
const runAll = async <Input, Output>(
  client: Client,
  definition: TaskDefinition<Input, Output>,
  inputs: readonly Input[],
  onDone: () => void,
): Promise<Output[]> => {
  const tasks = await client.enqueueMany(definition, inputs);
  return Promise.all(
    tasks.map(async (task) => {
      const output = await task.result({ timeoutMs: RESULT_MAX_MS });
      onDone();
      return output;
    }),
  );
};

/** Digests each list in a task of its own. */
export const digestLists = (
  client: Client,
  lists: readonly FileList[],
  onDone: () => void,
): Promise<Summary[]> => runAll(client, digestTask, lists, onDone);

/** Merges the summaries into one by a tree of tasks, one level after the other. */
export const mergeLeaves = (
  client: Client,
  leaves: readonly Summary[],
  onDone: () => void,
): Promise<Summary> => mergeTree(leaves, (groups) => runAll(client, mergeTask, groups, onDone));
