import type { Finding, Status } from '@millrace/protocol';

/** Levels of a status, with the exit codes of `status` and `check` that monitoring systems expect. */
export const levels = { ok: 0, warning: 1, critical: 2, unreachable: 3 } as const;
export type Level = Exclude<keyof typeof levels, 'unreachable'>;

type Kind = Finding['kind'];

const storeKinds: readonly Kind[] = ['store-filling', 'store-slow'];
const lagKinds: readonly Kind[] = [
  'worker-lost',
  'worker-silent',
  'loop-blocked',
  'slots-lost',
  'pool-deadlocked',
];

const findingsOf = (status: Status, kinds: readonly Kind[]): Finding[] =>
  status.attention.filter(({ kind }) => kinds.includes(kind));

export const storeFindings = (status: Status): Finding[] => findingsOf(status, storeKinds);
export const lagFindings = (status: Status): Finding[] => findingsOf(status, lagKinds);

/** Findings that keep a manager from taking new tasks. */
export const refusals = (status: Status): Finding[] =>
  storeFindings(status).filter(({ severity }) => severity === 'critical');

export const levelOf = (findings: readonly Finding[]): Level =>
  findings.reduce<Level>(
    (worst, { severity }) => (levels[severity] > levels[worst] ? severity : worst),
    'ok',
  );
