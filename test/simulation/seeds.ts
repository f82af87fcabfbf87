/**
 * Seeds under which a defect that the simulation once found would show again. A mutant
 * keeps each defect, so that any later planner must find the defect again; these are
 * the first seeds that did so under the present planner.
 */
export const foundSeeds: readonly { readonly seed: number; readonly found: string }[] = [
  {
    seed: 104,
    found: 'a manager told a returning worker of a cancellation before SESSION, and ended',
  },
  {
    seed: 120,
    found: 'an invited put was refused as QUEUE_FULL and then stored',
  },
  {
    seed: 120,
    found: 'an enqueue that began to wait after its connection was lost was never answered',
  },
  {
    seed: 277,
    found: 'a resent enqueue that was already in a full queue was refused because others waited',
  },
  {
    seed: 105,
    found: 'a stopping manager threw when it said goodbye to a peer without a session',
  },
  {
    seed: 177_319,
    found: 'a goodbye that waited behind a large message was sent after the conversation had ended',
  },
  {
    seed: 727_804,
    found:
      'the refusal of an enqueue waited for a flush and arrived after the enqueue was sent again',
  },
  {
    seed: 635_749,
    found: 'the checker took a network that answered a heartbeat too late for a calm one',
  },
  {
    seed: 11,
    found: 'a run whose work another task did was answered under its own id',
  },
  {
    seed: 280,
    found: 'an input that replaced another was given to a worker under the version of the first',
  },
];
