/**
 * Seeds that find a defect when its correction is taken away, each with what it
 * was. What a seed plans depends on the planner: after a change of it they have
 * to be looked for anew.
 */
export const foundSeeds: readonly { readonly seed: number; readonly found: string }[] = [
  {
    seed: 67,
    found: 'a cancellation told before SESSION ended the manager, whenever its worker came back',
  },
  {
    seed: 15,
    found: 'a put was refused as QUEUE_FULL while it was invited, and then stored',
  },
  {
    seed: 26,
    found: 'an enqueue parked for a lost connection kept the place of the peer that came back',
  },
  {
    seed: 126,
    found: 'the goodbye of a manager to a peer without a session threw out of its stop',
  },
];
