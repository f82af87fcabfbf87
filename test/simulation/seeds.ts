/**
 * Seeds that found a defect, each with what it was. What a seed plans depends on
 * the planner, so that after a change of it a seed may no longer take the path
 * that failed; the defect has a test of its own beside the code that it was in.
 */
export const foundSeeds: readonly { readonly seed: number; readonly found: string }[] = [
  {
    seed: 5,
    found: 'a cancellation told before SESSION ended the manager, whenever its worker came back',
  },
  {
    seed: 15,
    found: 'a put was refused as QUEUE_FULL while it was invited, and then stored',
  },
  {
    seed: 239,
    found: 'an accepted put that was sent again queued up behind others, and was refused',
  },
  {
    seed: 234,
    found: 'a put parked for a lost connection kept the place of the peer that came back',
  },
];
