import type { RunReport } from './run-seed.ts';

/** The lines of the story. With `task`, only the lines about that task or item and those about no task. */
export const storyOf = ({ ids, story }: RunReport, task: string | undefined): readonly string[] => {
  if (task === undefined) {
    return story;
  }
  const names = [task, ...[...ids].filter(([, key]) => key === task).map(([id]) => id)];
  const [, keyOfId = task] = [...ids].find(([id]) => id === task) ?? [];
  const isAbout = (line: string): boolean =>
    [...names, keyOfId].some(
      (name) => line.includes(`"${name}"`) || line.includes(`task ${name} `),
    );
  const isForAll = (line: string): boolean => !line.includes('"task":') && !line.includes('disk:');
  return story.filter((line) => isAbout(line) || isForAll(line));
};

export const describeRun = ({
  cutMessages,
  plan,
  simulatedMs,
  steps,
  storyHash,
  verdict,
}: RunReport): string => {
  const { faults, orders, seed } = plan;
  const counts = Object.entries(verdict.counts).map(([name, count]) => `${name} ${count}`);
  return [
    `seed ${seed}: ${orders.length} orders, ${faults.length} faults, ${steps} steps,`,
    `${(simulatedMs / 1_000).toFixed(0)} s simulated; ${counts.join(', ')}; cut ${cutMessages}; story ${storyHash.slice(0, 16)}`,
  ].join(' ');
};

const COMPLAINTS_MAX = 10;

export const describeFailure = ({ breaches, plan, verdict }: RunReport): string => {
  const complaints = [
    ...breaches,
    ...verdict.failures.map((failure) => `${failure.class}: ${failure.task}: ${failure.message}`),
  ];
  const more = complaints.length - COMPLAINTS_MAX;
  return [
    `seed ${plan.seed} FAILED`,
    ...complaints.slice(0, COMPLAINTS_MAX).map((complaint) => `  ${complaint}`),
    ...(more > 0 ? [`  … and ${more} more`] : []),
  ].join('\n');
};
