import { clockOf, systemClock } from '@millrace/protocol';
import { vi } from 'vitest';

const globals = clockOf({
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer),
  setImmediate: (run) => setImmediate(run),
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
});

/**
 * Lets the clock of the system follow the global timers, which a test has faked; it does
 * not by itself. `vi.restoreAllMocks` ends that.
 */
export const followFakeTimers = (): void => {
  vi.spyOn(systemClock, 'monotonicMs').mockImplementation(() => globals.monotonicMs());
  vi.spyOn(systemClock, 'wallMs').mockImplementation(() => globals.wallMs());
  vi.spyOn(systemClock, 'after').mockImplementation((ms, run) => globals.after(ms, run));
};
