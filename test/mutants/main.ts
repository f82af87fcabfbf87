/**
 * `npm run mutants -- [NAME…] [--seeds N] [--seconds N]` checks that the simulation
 * catches each seeded bug, and that it reports nothing on the unchanged sources.
 */
import { parseArgs } from 'node:util';
import { messageOf } from '@millrace/protocol';
import type { CampaignEnd } from './campaign-end.ts';
import { hunt, type Limits } from './hunt.ts';
import { type Mutant, readMutants } from './patch-file.ts';

/** Mutants that run at the same time, for a machine with two cores. */
const AT_ONCE = 2;

interface Finding {
  readonly mutant: Mutant;
  readonly isCaught: boolean;
  readonly seeds: number;
  /** The classes of the failures, or `not caught` or `not run`. */
  readonly how: string;
}

const classesOf = ({ complaints }: CampaignEnd): string =>
  [...new Set(complaints.map((complaint) => complaint.class))].join(', ');

const find = async (mutant: Mutant, limits: Limits): Promise<Finding> => {
  try {
    const end = await hunt(mutant, limits);
    const isCaught = end.complaints.length > 0;
    const how = isCaught ? classesOf(end) : 'not caught';
    console.log(
      isCaught
        ? `${mutant.name}: caught after ${end.seeds} seeds (class: ${how}): ${end.complaints[0]?.message}`
        : `${mutant.name}: NOT CAUGHT in ${end.seeds} seeds`,
    );
    return { mutant, isCaught, seeds: end.seeds, how };
  } catch (error) {
    console.log(`${mutant.name}: NOT RUN: ${messageOf(error)}`);
    return { mutant, isCaught: false, seeds: 0, how: 'not run' };
  }
};

const findAll = async (mutants: readonly Mutant[], limits: Limits): Promise<Finding[]> => {
  const left = [...mutants];
  const findings: Finding[] = [];
  const work = async (): Promise<void> => {
    for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
      findings.push(await find(mutant, limits));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return findings.toSorted((a, b) => (a.mutant.name < b.mutant.name ? -1 : 1));
};

const tableOf = (findings: readonly Finding[]): string =>
  [
    '| mutant | breaks | seeds | class |',
    '|---|---|---|---|',
    ...findings.map(
      ({ how, mutant, seeds }) =>
        `| ${mutant.name} | ${mutant.promise} | ${mutant.caughtBy ?? seeds} | ${how} |`,
    ),
  ].join('\n');

/** Simulates the same seeds on the unchanged sources. */
const isCleanWithout = async (seeds: number): Promise<boolean> => {
  const end = await hunt(undefined, { seeds, seconds: Number.POSITIVE_INFINITY });
  const bad = end.complaints[0];
  console.log(
    bad === undefined
      ? `no mutant: none of ${end.seeds} seeds fails`
      : `no mutant: seed ${end.seeds} FAILED (class: ${classesOf(end)}): ${bad.message}`,
  );
  return bad === undefined;
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '240' },
  },
});
const limits = { seeds: Number(values.seeds), seconds: Number(values.seconds) };
const wanted = readMutants().filter(
  ({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
);
const findings = await findAll(wanted, limits);
const isClean = await isCleanWithout(Math.max(1, ...findings.map(({ seeds }) => seeds)));
console.log(`\n${tableOf(findings)}`);
const caught = findings.filter(({ isCaught }) => isCaught);
console.log(`\n${caught.length} of ${findings.length} mutants caught`);
process.exitCode = isClean && findings.length > 0 && caught.length === findings.length ? 0 : 1;
