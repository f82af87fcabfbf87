const KIB = 1024;
const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

export const bytes = (value: number): string => {
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, value)) / 10));
  const scaled = value / KIB ** power;
  return `${power === 0 ? scaled : scaled.toFixed(1)} ${units[power]}`;
};

const SECOND_MS = 1_000;
const steps: readonly (readonly [string, number])[] = [
  ['d', 86_400 * SECOND_MS],
  ['h', 3_600 * SECOND_MS],
  ['m', 60 * SECOND_MS],
  ['s', SECOND_MS],
];

export const duration = (ms: number): string => {
  for (const [unit, length] of steps) {
    if (ms >= length) {
      return `${Math.floor(ms / length)}${unit}`;
    }
  }
  return `${Math.round(ms)}ms`;
};

/** A duration without rounding, in the largest unit of which it is a whole number. */
export const exactDuration = (ms: number): string => {
  const [unit, length] = steps.find(([, one]) => ms % one === 0) ?? ['ms', 1];
  return `${ms / length}${unit}`;
};
