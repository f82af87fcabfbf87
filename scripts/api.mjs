/**
 * Writes packages/millrace/api/millrace.api.md: what the package `millrace` exports,
 * and the types that its exports refer to. With `--check` it writes nothing, and fails
 * when the report is not what it would write. Needs what `npm run build` leaves.
 */
import './check-node.mjs';
import { join, relative } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { root } from './run-tools.mjs';

const DIFFERENCES = 'console-api-report-diff';

const config = ExtractorConfig.loadFileAndPrepare(
  join(root, 'packages', 'millrace', 'api-extractor.json'),
);
const report = relative(root, config.reportFilePath);

/** Reads the declarations, and writes the report or compares it with the one that is there. */
const extract = (isCheck) =>
  Extractor.invoke(config, {
    localBuild: !isCheck,
    printApiReportDiff: isCheck,
    messageCallback: (message) => {
      message.handled =
        message.logLevel !== ExtractorLogLevel.Error && message.messageId !== DIFFERENCES;
    },
  });

const isReadable = ({ errorCount }) => {
  if (errorCount > 0) {
    console.error('The declarations of the package millrace cannot be read: run `npm run build`.');
  }
  return errorCount === 0;
};

/**
 * Writes the report.
 *
 * @returns an exit code
 */
export const writeReport = () => {
  const result = extract(false);
  if (!isReadable(result)) {
    return 1;
  }
  if (result.apiReportChanged) {
    console.log(`wrote ${report}`);
  }
  return 0;
};

/**
 * Compares the report that is checked in with what the declarations say.
 *
 * @returns an exit code
 */
const checkReport = () => {
  const result = extract(true);
  if (!isReadable(result)) {
    return 1;
  }
  if (result.apiReportChanged) {
    console.error(
      `The public API differs from ${report}: run \`npm run api\`, and commit the report if the change is meant.`,
    );
    return 1;
  }
  return 0;
};

if (process.argv[1] === import.meta.filename) {
  process.exitCode = process.argv.includes('--check') ? checkReport() : writeReport();
}
