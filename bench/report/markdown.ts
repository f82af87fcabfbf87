/** Renders the results of a run as Markdown tables. */
import { spreadOf } from '../harness/statistics.ts';
import type { Figure } from '../rows/row.ts';
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

const rowCells = (row: RowResult, system: SystemResult): readonly string[] => {
  const failures = row.failures[system.name] ?? [];
  const note = system.missing ?? (failures.length > 0 ? `failed: ${failures.join('; ')}` : '');
  const cells = row.figures.map((figure) => showFigure(valuesOf(row, system, figure)));
  return [system.title, ...cells, ...(note === '' ? [] : [note])];
};

const rowSection = (row: RowResult, systems: readonly SystemResult[]): string => {
  const head = ['', ...row.figures.map(({ title, unit }) => `${title}, ${unit}`)];
  const body = systems.map((system) => {
    const cells = rowCells(row, system);
    const note = cells[head.length];
    return note === undefined
      ? cells
      : [`${system.title} (${note})`, ...cells.slice(1, head.length)];
  });
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
    `Machine: ${machine.cores} cores (${machine.cpu}), ${machine.memoryGib} GiB, Linux ${machine.kernel}, Node ${machine.node}; all processes on it, over loopback.`,
    systemsSection(systems),
    ...rows.map((row) => rowSection(row, systems)),
    '',
  ].join('\n\n');
