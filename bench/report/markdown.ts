/** Renders the results of a run as Markdown tables. */
import { spreadOf } from '../harness/statistics.ts';
import type { Figure } from '../rows/row.ts';
import { comparisons, figureTitle, ratiosOf } from './comparisons.ts';
import type { Machine } from './machine.ts';
import {
  type MeasuredRow,
  newestOfEach,
  type Results,
  type RowResult,
  type SystemResult,
} from './results.ts';

const tableRow = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const table = (head: readonly string[], body: readonly (readonly string[])[]): string =>
  [tableRow(head), tableRow(head.map(() => '---')), ...body.map(tableRow)].join('\n');

const PRECISE_BELOW = 100;

/** Three digits below 100; whole numbers with separators from 100 on. */
export const showNumber = (value: number): string =>
  value < PRECISE_BELOW
    ? String(Number(value.toPrecision(3)))
    : Math.round(value).toLocaleString('en');

/** The median of the rounds, with the least and the greatest value. */
export const showFigure = (values: readonly number[]): string => {
  if (values.length === 0) {
    return '—';
  }
  const { max, median, min } = spreadOf(values);
  return `${showNumber(median)} (${showNumber(min)}–${showNumber(max)})`;
};

const valuesOf = (row: RowResult, system: SystemResult, figure: Figure): readonly number[] =>
  (row.values[system.name] ?? []).flatMap((values) => values[figure.key] ?? []);

/** The system's title, and why its cells are empty if it is missing or failed. */
const titleOf = (row: RowResult, { missing, name, title }: SystemResult): string => {
  const failures = row.failures[name] ?? [];
  const why = missing ?? (failures.length > 0 ? `not measured: ${failures.join('; ')}` : undefined);
  return why === undefined ? title : `${title} (${why})`;
};

/** The line that says when a row was measured, and with which version of millrace. */
const measuredLine = ({ machine, startedAt, systems }: Results, row: RowResult): string => {
  const version = systems.find(({ name }) => name === 'millrace')?.version;
  const rounds = Math.max(0, ...Object.values(row.values).map((values) => values.length));
  const of = version === undefined ? '' : `, ${version}`;
  return `Measured ${startedAt}${of}; rounds: ${rounds}; load before: ${showNumber(machine.load)}.`;
};

/** Whether the row measured a system, or tried to. */
const isIn = ({ failures, values }: RowResult, system: string): boolean =>
  system in values || system in failures;

const rowSection = ({ row, run }: MeasuredRow): string => {
  const head = ['', ...row.figures.map(({ title, unit }) => `${title}, ${unit}`)];
  const able = run.systems.filter(({ missing, name }) => missing !== undefined || isIn(row, name));
  const body = able.map((system) => [
    titleOf(row, system),
    ...row.figures.map((figure) => showFigure(valuesOf(row, system, figure))),
  ]);
  return `### Row ${row.number}: ${row.title}\n\n${measuredLine(run, row)}\n\n${table(head, body)}`;
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

const machineLine = ({ cores, cpu, kernel, memoryGib, node }: Machine): string =>
  `Machine: ${cores} cores (${cpu}), ${memoryGib} GiB, Linux ${kernel}, Node ${node}; all processes on it, over loopback.`;

/** Renders the newest measurement of each row. `runs` are sorted, the newest first. Ratios compare within one run only. */
export const toMarkdown = (runs: readonly [Results, ...Results[]]): string => {
  const measured = newestOfEach(runs);
  const rows = measured.map(({ row }) => row);
  const [{ systems }] = runs;
  return [
    'Medians, with the least and the greatest; systems take turns within each round. A dash: the system cannot do that.',
    ...new Set(measured.map(({ run }) => machineLine(run.machine))),
    systemsSection(systems),
    ...measured.map(rowSection),
    ratioSection(rows, systems),
  ].join('\n\n');
};
