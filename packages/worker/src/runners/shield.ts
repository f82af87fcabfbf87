/** Signals by which a terminal or a process manager stops all processes of a worker at once. */
const shielded = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Descriptor over which a worker orders a slot to end. */
export const ORDER_FD = 4;

const KEY = 'millrace.unshield';

/** The expression by which the guard of a slot lifts its shield. */
export const unshieldExpression = `globalThis[Symbol.for('${KEY}')]?.()`;

const ignore = (): void => {};

/**
 * Makes this process outlive stop signals, because the worker decides when a slot
 * ends: it may drain first. When the shield is lifted, the answer is the number of
 * listeners for SIGTERM that the handlers have added.
 */
export const shieldFromSignals = (): void => {
  for (const signal of shielded) {
    process.on(signal, ignore);
  }
  const lift = (): string => {
    for (const signal of shielded) {
      process.off(signal, ignore);
    }
    return String(process.listenerCount('SIGTERM'));
  };
  Object.defineProperty(globalThis, Symbol.for(KEY), { value: lift, configurable: true });
};
