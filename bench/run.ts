/** Runs rows. The systems alternate within each round, so that all meet the same load of the machine. */
import type { RowResult } from './report/results.ts';
import type { Row, Values } from './rows/row.ts';
import { Stage } from './rows/stage.ts';
import type { System } from './systems/system.ts';

export interface Plan {
  readonly systems: readonly System[];
  readonly rounds: number;
}

const showValues = (row: Row, values: Values): string =>
  row.figures
    .flatMap(({ key, title, unit }) => {
      const value = values[key];
      return value === undefined ? [] : `${title}: ${Number(value.toPrecision(4))}${unit}`;
    })
    .join(', ');

const tally = <T>(into: Record<string, T[]>, name: string, what: T): void => {
  (into[name] ??= []).push(what);
};

export const runRow = async (row: Row, { rounds, systems }: Plan): Promise<RowResult> => {
  const values: Record<string, Values[]> = {};
  const failures: Record<string, string[]> = {};
  const able = systems.filter(row.isFor);
  for (let round = 1; round <= (row.isOneRound === true ? 1 : rounds); round++) {
    for (const system of able) {
      const at = `row ${row.number} round ${round} ${system.name.padEnd(18)}`;
      try {
        const measured = await Stage.with(system, (stage) => row.measure(stage));
        tally(values, system.name, measured);
        console.error(`${at} ${showValues(row, measured)}`);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        tally(failures, system.name, why);
        console.error(`${at} failed: ${why}`);
      }
    }
  }
  const { figures, number, title } = row;
  return { number, title, figures, values, failures };
};
