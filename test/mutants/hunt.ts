import { join, relative } from 'node:path';
import { type CampaignEnd, readCampaignEnd } from './campaign-end.ts';
import { Copy, type Ended, root } from './copy.ts';
import type { Mutant } from './patch-file.ts';

/** The bounds of a campaign. */
export interface Limits {
  readonly seeds: number;
  readonly seconds: number;
}

/** The result of a test file. @throws Error when it failed without a failed assertion */
const endOfTest = (file: string, { output, status }: Ended): CampaignEnd => {
  if (status !== 0 && !output.includes('AssertionError')) {
    throw new Error(`${file} did not run: ${output}`);
  }
  return { seeds: 0, complaints: status === 0 ? [] : [{ class: 'test', message: file }] };
};

const script = join(relative(root, import.meta.dirname), 'campaign.ts');

/**
 * Applies a mutant to a copy of the sources, and simulates the copy or runs the test that
 * the mutant names. Without a mutant it simulates the unchanged sources.
 *
 * @throws Error when the patch does not apply or the copy does not compile
 */
export const hunt = async (mutant: Mutant | undefined, limits: Limits): Promise<CampaignEnd> => {
  const copy = new Copy();
  try {
    if (mutant !== undefined) {
      await copy.apply(mutant.patchPath);
    }
    await copy.compile();
    if (mutant?.caughtBy !== undefined) {
      return endOfTest(mutant.caughtBy, await copy.runTest(mutant.caughtBy));
    }
    const { output } = await copy.runScript(script, String(limits.seeds), String(limits.seconds));
    return readCampaignEnd(output);
  } finally {
    copy.remove();
  }
};
