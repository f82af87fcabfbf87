import type { Recorded } from './history.ts';
import { eventsOf, type TaskLife } from './lives.ts';
import type { Failure } from './verdict.ts';

/** The time in which a probe should finish. Probes are small tasks, submitted from ten seconds after the faults on. */
const PROMPT_MS = 2_000;
const SHARE_WANTED = 0.9;

/** Nine in ten probes must finish promptly. */
export const slowRecovery = (
  lives: readonly TaskLife[],
  history: readonly Recorded[],
): Failure[] => {
  const probes = lives.filter(({ what }) => what === 'probe');
  const isHealed = history.some(({ kind }) => kind === 'healed');
  if (!isHealed || probes.length === 0) {
    return [];
  }
  const prompt = probes.filter((probe) => {
    const [visible] = eventsOf(probe, 'visible');
    return visible !== undefined && visible.atMs - probe.submittedAtMs <= PROMPT_MS;
  });
  return prompt.length < probes.length * SHARE_WANTED
    ? [
        {
          class: 'slow recovery',
          task: probes[0]?.task ?? '',
          message: `only ${prompt.length} of ${probes.length} probes finished within ${PROMPT_MS} ms`,
        },
      ]
    : [];
};
