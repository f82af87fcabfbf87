/**
 * Runs the tests and writes into coverage/ which lines of the packages they reach.
 * Arguments go to vitest: `npm run coverage -- packages/protocol` runs one folder.
 *
 * The report has no threshold. It counts code that runs in the processes of vitest,
 * not in the managers and workers that tests start as separate processes.
 *
 * Unit tests run the sources, but packages import one another compiled. Source maps
 * bring both to the same lines, not to the same columns, so a function or a branch
 * would count twice. The report therefore counts lines only.
 */
import './check-node.mjs';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './run-tools.mjs';

const DIRECTORY = 'coverage';

const options = {
  enabled: true,
  provider: 'v8',
  reportsDirectory: DIRECTORY,
  include: ['packages/*/src/**/*.ts', 'packages/*/dist/**/*.js'],
  exclude: ['**/testing/**', '**/*.test.ts'],
  excludeAfterRemap: true,
  reporter: 'lcovonly',
  reportOnFailure: true,
};

const flags = Object.entries(options).flatMap(([name, value]) =>
  [value].flat().map((one) => `--coverage.${name}=${one}`),
);

/** Each file of an lcov report, with its lines and whether a test reached them. */
const filesOf = (report) =>
  report
    .split('end_of_record\n')
    .filter((record) => record.includes('SF:'))
    .map((record) => ({
      path: /^SF:(.*)$/m.exec(record)[1].replaceAll('\\', '/'),
      lines: [...record.matchAll(/^DA:(\d+),(\d+)/gm)].map(([, line, hits]) => ({
        line: Number(line),
        reached: hits !== '0',
      })),
    }));

const percentOf = (lines) => {
  const reached = lines.filter((line) => line.reached).length;
  return lines.length === 0 ? '100.0 %' : `${((100 * reached) / lines.length).toFixed(1)} %`;
};

/** The lines that no test reached, as in `12-15, 20`. Lines without code do not end a range. */
const missedOf = (lines) => {
  const runs = [];
  for (const [index, { line, reached }] of lines.entries()) {
    if (reached) {
      continue;
    }
    if (index > 0 && !lines[index - 1].reached) {
      runs.at(-1).end = line;
    } else {
      runs.push({ start: line, end: line });
    }
  }
  return runs.map(({ start, end }) => (start === end ? `${start}` : `${start}-${end}`)).join(', ');
};

const row = (name, lines, rest = '') =>
  `${percentOf(lines).padStart(8)}  ${name}  ${rest}`.trimEnd();

const writeLines = (report) => {
  const files = filesOf(readFileSync(report, 'utf8'));
  const rows = files.map(({ path, lines }) => row(path, lines, missedOf(lines)));
  writeFileSync(join(root, DIRECTORY, 'lines.txt'), `${rows.join('\n')}\n`);
  const packageOf = ({ path }) => path.split('/', 2).join('/');
  for (const name of new Set(files.map(packageOf))) {
    const lines = files.filter((file) => packageOf(file) === name).flatMap((file) => file.lines);
    console.log(row(name, lines));
  }
  const all = files.flatMap(({ lines }) => lines);
  console.log(row('all packages', all));
  console.log(`${DIRECTORY}/lines.txt lists the lines of each file that no test reached.`);
};

const report = join(root, DIRECTORY, 'lcov.info');
process.exitCode = run('vitest', 'run', ...flags, ...process.argv.slice(2));
// A run that ends before its first test leaves no report.
if (existsSync(report)) {
  writeLines(report);
}
