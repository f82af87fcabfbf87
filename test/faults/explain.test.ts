import type { Token } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { type Cause, doublesOf, executionsOf, type Outage } from './explain.ts';
import type { Happening, Recorded } from './history.ts';

/** Tests that explain.ts explains no double execution without a cause. */

const SECOND_US = 1_000_000;

const token = (epoch: number, grant: number): Token => ({ taskId: 'task', epoch, grant });

const line = (atSeconds: number, worker: string, happening: Happening): Recorded => ({
  ...happening,
  atUs: atSeconds * SECOND_US,
  worker,
});

/** A grant, and the run that it starts. */
const run = (atSeconds: number, worker: string, held: Token): Recorded[] => [
  line(atSeconds, worker, { kind: 'granted', token: held }),
  line(atSeconds, worker, { kind: 'started', taskId: 'task', attempt: 1, pid: 1 }),
];

const outage = (killedAt: number, listeningAt: number): Outage => ({
  killedAtUs: killedAt * SECOND_US,
  listeningAtUs: listeningAt * SECOND_US,
});

const causesOf = (lines: readonly Recorded[], outages: readonly Outage[]): Cause[] =>
  doublesOf(executionsOf(lines), lines, outages).map(({ cause }) => cause);

test('one execution is not a double', () => {
  expect(causesOf(run(1, 'a', token(1, 1)), [])).toEqual([]);
});

test('the same grant number in the next epoch is a forgotten grant', () => {
  const lines = [...run(1, 'a', token(1, 1)), ...run(3, 'b', token(2, 1))];
  expect(causesOf(lines, [outage(1.5, 2)])).toEqual(['forgotten grant']);
});

test('the same grant number without a kill between is unexplained', () => {
  const lines = [...run(1, 'a', token(1, 1)), ...run(6, 'b', token(2, 1))];
  expect(causesOf(lines, [])).toEqual(['unexplained']);
});

test('the same grant number long after the first grant was on disk is unexplained', () => {
  const lines = [...run(1, 'a', token(1, 1)), ...run(12, 'b', token(2, 1))];
  expect(causesOf(lines, [outage(10, 11)])).toEqual(['unexplained']);
});

test('a second execution after an accepted report is unexplained, even after a kill', () => {
  const accepted = line(1.2, 'a', { kind: 'answered', token: token(1, 1), answer: 'accepted' });
  const lines = [...run(1, 'a', token(1, 1)), accepted, ...run(3, 'b', token(2, 1))];
  expect(causesOf(lines, [outage(1.5, 2)])).toEqual(['unexplained']);
});

test('a second execution after its worker was away for the grace is explained', () => {
  const down = line(2, 'a', { kind: 'down' });
  const lines = [...run(1, 'a', token(1, 1)), down, ...run(4.1, 'b', token(1, 2))];
  expect(causesOf(lines, [])).toEqual(['returned after grace']);
});

test('a second execution before the end of the grace is unexplained', () => {
  const down = line(2, 'a', { kind: 'down' });
  const lines = [...run(1, 'a', token(1, 1)), down, ...run(3, 'b', token(1, 2))];
  expect(causesOf(lines, [])).toEqual(['unexplained']);
});

test('a second execution while its worker was connected is unexplained', () => {
  const lines = [
    ...run(1, 'a', token(1, 1)),
    line(2, 'a', { kind: 'down' }),
    line(2.1, 'a', { kind: 'session', epoch: 1, lost: [] }),
    ...run(5, 'b', token(1, 2)),
  ];
  expect(causesOf(lines, [])).toEqual(['unexplained']);
});

test('after a restart the grace is fifteen seconds from the moment of listening', () => {
  const down = line(2, 'a', { kind: 'down' });
  const first = [...run(1, 'a', token(1, 1)), down];
  const restart = [outage(2, 3)];
  expect(causesOf([...first, ...run(10, 'b', token(2, 2))], restart)).toEqual(['unexplained']);
  expect(causesOf([...first, ...run(19, 'b', token(2, 2))], restart)).toEqual([
    'returned after grace',
  ]);
});
