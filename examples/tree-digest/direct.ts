import { digestFiles, type FileList } from './digest.ts';
import { mergeSummaries, mergeTree, type Summary } from './summary.ts';

/** Makes the same summary without millrace: one list after the other, in this process. */
export const digestDirectly = async (
  lists: readonly FileList[],
  onList: () => void,
): Promise<Summary> => {
  const leaves: Summary[] = [];
  for (const list of lists) {
    leaves.push(await digestFiles(list));
    onList();
  }
  return mergeTree(leaves, async (groups) => groups.map(mergeSummaries));
};
