import { z } from 'zod';

const campaignEndSchema = z.object({
  /** The number of seeds that ran. If a seed failed, it was the last. */
  seeds: z.number(),
  /** The failures of the last seed. The class is one of the checker's, `invariant` or `test`. */
  complaints: z.array(z.object({ class: z.string(), message: z.string() })),
});
export type CampaignEnd = z.infer<typeof campaignEndSchema>;

/** Reads the last line of a campaign's output. @throws Error with the whole output when that line is not JSON */
export const readCampaignEnd = (output: string): CampaignEnd => {
  const line = output.trim().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) {
    throw new Error(`the campaign ended without a result: ${output}`);
  }
  return campaignEndSchema.parse(JSON.parse(line));
};
