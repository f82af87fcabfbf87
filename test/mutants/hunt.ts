import { join, relative } from 'node:path';
import { type CampaignEnd, readCampaignEnd } from './campaign-end.ts';
import { Copy, root } from './copy.ts';
import type { Mutant } from './patch-file.ts';

/** How far a campaign goes. */
export interface Limits {
  readonly seeds: number;
  readonly seconds: number;
}

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
    const { output } = await copy.runScript(script, String(limits.seeds), String(limits.seconds));
    return readCampaignEnd(output);
  } finally {
    copy.remove();
  }
};
