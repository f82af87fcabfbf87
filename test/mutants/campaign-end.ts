import { z } from 'zod';

const campaignEndSchema = z.object({
  /** How many were run; the last is the bad one, if one was. */
  seeds: z.number(),
  /** What is wrong with the last: a class of the checker, or `invariant`. */
  complaints: z.array(z.object({ class: z.string(), message: z.string() })),
});
export type CampaignEnd = z.infer<typeof campaignEndSchema>;

/** @throws Error with the whole output, when it is not what a campaign prints */
export const readCampaignEnd = (output: string): CampaignEnd => {
  const line = output.trim().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) {
    throw new Error(`the campaign broke off: ${output}`);
  }
  return campaignEndSchema.parse(JSON.parse(line));
};
