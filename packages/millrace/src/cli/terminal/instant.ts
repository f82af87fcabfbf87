/** An instant in UTC, to the second. */
export const instantText = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z');

/** An instant on the clock of a zone. */
export const clockText = (date: Date, timeZone: string): string =>
  new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(
    date,
  );
