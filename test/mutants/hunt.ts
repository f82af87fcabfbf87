import { join, relative } from 'node:path';
import { type CampaignEnd, readCampaignEnd } from './campaign-end.ts';
import { Copy, type Ended, root } from './copy.ts';
import type { Mutant } from './patch-file.ts';

/** How far a campaign goes. */
export interface Limits {
  readonly seeds: number;
  readonly seconds: number;
}

/** @throws Error when it is not the tests that failed */
const endOfTest = (file: string, { output, status }: Ended): CampaignEnd => {
  if (status !== 0 && !output.includes('AssertionError')) {
    throw new Error(`${file} did not run: ${output}`);
  }
  return { seeds: 0, complaints: status === 0 ? [] : [{ class: 'test', message: file }] };
};

const script = join(relative(root, import.meta.dirname), 'campaign.ts');

/**
 * Simulates a copy of the sources with the bug of a mutant in it, or without any.
 *
 * @throws Error when the patch does not apply, or what it makes does not compile
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
