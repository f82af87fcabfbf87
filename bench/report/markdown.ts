/** Renders the results of a run as Markdown tables. */
import { spreadOf } from '../harness/statistics.ts';
import type { Figure } from '../rows/row.ts';
import { comparisons, figureTitle, ratiosOf } from './comparisons.ts';
import type { Results, RowResult, SystemResult } from './results.ts';

const tableRow = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const table = (head: readonly string[], body: readonly (readonly string[])[]): string =>
  [tableRow(head), tableRow(head.map(() => '---')), ...body.map(tableRow)].join('\n');

const PRECISE_BELOW = 100;

/** Three digits where they matter, thousands apart. */
export const showNumber = (value: number): string =>
  value < PRECISE_BELOW
    ? String(Number(value.toPrecision(3)))
    : Math.round(value).toLocaleString('en');

/** The median of the rounds, with the least and the greatest. */
export const showFigure = (values: readonly number[]): string => {
  if (values.length === 0) {
    return '—';
  }
  const { max, median, min } = spreadOf(values);
  return `${showNumber(median)} (${showNumber(min)}–${showNumber(max)})`;
};

const valuesOf = (row: RowResult, system: SystemResult, figure: Figure): readonly number[] =>
  (row.values[system.name] ?? []).flatMap((values) => values[figure.key] ?? []);

/** The system, and why its cells are empty where that is no inability. */
const titleOf = (row: RowResult, { missing, name, title }: SystemResult): string => {
  const failures = row.failures[name] ?? [];
  const why = missing ?? (failures.length > 0 ? `not measured: ${failures.join('; ')}` : undefined);
  return why === undefined ? title : `${title} (${why})`;
};

const rowSection = (row: RowResult, systems: readonly SystemResult[]): string => {
  const head = ['', ...row.figures.map(({ title, unit }) => `${title}, ${unit}`)];
  const body = systems.map((system) => [
    titleOf(row, system),
    ...row.figures.map((figure) => showFigure(valuesOf(row, system, figure))),
  ]);
  return `### Row ${row.number}: ${row.title}\n\n${table(head, body)}`;
};

const systemsSection = (systems: readonly SystemResult[]): string =>
  table(
    ['system', 'acknowledged means', 'versions'],
    systems.map(({ durability, missing, title, version }) => [
      title,
      durability,
      missing ?? version,
    ]),
  );

const titleNamed = (systems: readonly SystemResult[], name: string): string =>
  systems.find((system) => system.name === name)?.title ?? name;

const ratioSection = (rows: readonly RowResult[], systems: readonly SystemResult[]): string => {
  const body = comparisons.flatMap(({ goal, ...pair }) => {
    const ratios = ratiosOf(rows, pair);
    const what = `Row ${pair.row}, ${figureTitle(rows, pair)}`;
    return ratios.length === 0
      ? []
      : [[what, titleNamed(systems, pair.against), showFigure(ratios), goal]];
  });
  const head = ['', 'of', 'ratio', 'goal'];
  return body.length === 0
    ? ''
    : `### millrace, as a multiple of the others\n\n${table(head, body)}\n`;
};

export const toMarkdown = ({
  machine,
  minutes,
  rounds,
  rows,
  startedAt,
  systems,
}: Results): string =>
  [
    `Measured ${startedAt}, ${rounds} rounds in ${minutes} minutes; systems take turns within each round.`,
    `Medians, with the least and the greatest. A dash: the system cannot do that.`,
    `Machine: ${machine.cores} cores (${machine.cpu}), ${machine.memoryGib} GiB, Linux ${machine.kernel}, Node ${machine.node}; all processes on it, over loopback. Load before the run: ${showNumber(machine.load)}.`,
    systemsSection(systems),
    ...rows.map((row) => rowSection(row, systems)),
    ratioSection(rows, systems),
  ].join('\n\n');
