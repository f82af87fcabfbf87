import type { Books } from './books.ts';
import type { Snapshot } from './snapshot.ts';
import type { Summary } from './summary.ts';
import { mostFrequent } from './words.ts';

const FREQUENT_WORDS = 10;
const LABEL_WIDTH = 12;

/** The ends of the tasks, as the manager's totals and the workers' journals tell them. */
export interface Account extends Books {
  /** Tasks for which this program holds a handle. */
  readonly sent: number;
  /** Tasks with at least one run. */
  readonly ran: number;
  readonly ranTwice: number;
}

/** Whether every task that was sent is in the totals, ran and succeeded. */
export const isComplete = ({ sent, enqueued, succeeded, dead, ran }: Account): boolean =>
  sent === enqueued && enqueued === succeeded + dead && dead === 0 && ran === enqueued;

/** A whole number with separators between thousands. */
export const grouped = (value: number): string => value.toLocaleString('en-US');

/** A size in megabytes. */
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

const row = (label: string, text: string): string => `  ${label.padEnd(LABEL_WIDTH)}${text}`;

const wordRows = ({ vocabulary }: Snapshot, { counts }: Summary): string[] => {
  const counted = vocabulary.map((word, index) => ({ word, count: counts[index] ?? 0 }));
  return mostFrequent(counted, FREQUENT_WORDS).map(({ word, count }, rank) =>
    row(rank === 0 ? 'frequent' : '', `${word} ${grouped(count)}`),
  );
};

/** The lines for the totals of the tree. */
export const resultLines = (snapshot: Snapshot, summary: Summary): string[] => [
  'Result',
  row('files', `${grouped(summary.files)} read, ${grouped(summary.unread)} gone or unreadable`),
  row('bytes', grouped(summary.bytes)),
  row('lines', grouped(summary.lines)),
  row('words', grouped(summary.words)),
  ...wordRows(snapshot, summary),
  row('SHA-256', summary.sha256),
];

/** The lines for the account, which shows that nothing was lost and what the killed worker cost. */
export const accountLines = (account: Account): string[] => {
  const { sent, enqueued, succeeded, dead, ran, ranTwice } = account;
  const balance = enqueued === succeeded + dead ? '=' : '≠';
  return [
    'Account',
    row('sent', `${grouped(sent)} tasks`),
    row('enqueued', `${enqueued} ${balance} ${succeeded} succeeded + ${dead} dead`),
    row('ran', `${grouped(ran)} tasks, ${grouped(ranTwice)} of them twice`),
  ];
};

/** Names of the fields in which two summaries differ. */
export const differences = (found: Summary, expected: Summary): string[] => {
  const fields = ['files', 'unread', 'bytes', 'lines', 'words', 'sha256'] as const;
  const differing: string[] = fields.filter((field) => found[field] !== expected[field]);
  const sameCounts =
    found.counts.length === expected.counts.length &&
    found.counts.every((count, word) => count === expected.counts[word]);
  return sameCounts ? differing : [...differing, 'counts'];
};
