import type { Answer } from './served.ts';
import { latencyFigures } from './statistics.ts';

export interface Drive {
  readonly inFlight: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

const MS_PER_SECOND = 1_000;

/**
 * Closed loop: keeps `inFlight` calls open for a time. Reports the rate and the
 * latencies of the calls that ended after the warm-up; `calls` counts all calls,
 * including those of the warm-up.
 */
export const drive = async (
  call: () => Promise<unknown>,
  { inFlight, measureMs, warmUpMs }: Drive,
): Promise<Answer> => {
  const fromMs = performance.now() + warmUpMs;
  const untilMs = fromMs + measureMs;
  const latenciesMs: number[] = [];
  let calls = 0;
  const callUntilEnd = async (): Promise<void> => {
    let nowMs = performance.now();
    while (nowMs < untilMs) {
      await call();
      calls += 1;
      const endMs = performance.now();
      if (endMs >= fromMs && endMs < untilMs) {
        latenciesMs.push(endMs - nowMs);
      }
      nowMs = endMs;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, callUntilEnd));
  const perSecond = (latenciesMs.length / measureMs) * MS_PER_SECOND;
  return { calls, perSecond, ...latencyFigures(latenciesMs) };
};

/** Open loop: starts calls at a steady rate for a time, without waiting for earlier ones. */
export const pace = async (
  call: () => Promise<unknown>,
  perSecond: number,
  forMs: number,
): Promise<Answer> => {
  const startedAtMs = performance.now();
  const calls: Promise<unknown>[] = [];
  for (let nowMs = startedAtMs; nowMs < startedAtMs + forMs; nowMs = performance.now()) {
    const due = ((nowMs - startedAtMs) / MS_PER_SECOND) * perSecond;
    while (calls.length < due) {
      calls.push(call());
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const seconds = (performance.now() - startedAtMs) / MS_PER_SECOND;
  await Promise.all(calls);
  return { calls: calls.length, perSecond: calls.length / seconds };
};
