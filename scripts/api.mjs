/**
 * Writes packages/millrace/api/millrace.api.md: the exports of the package `millrace`
 * and the types that they refer to. With `--check` it writes nothing, and fails when
 * the report that is checked in is out of date. Needs the output of `npm run build`.
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

/** Reads the declarations, and writes the report or compares it with the one that is checked in. */
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
 * Compares the report that is checked in with the declarations.
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
      `The public API differs from ${report}. If the change is intended, run \`npm run api\` and commit the report.`,
    );
    return 1;
  }
  return 0;
};

if (process.argv[1] === import.meta.filename) {
  process.exitCode = process.argv.includes('--check') ? checkReport() : writeReport();
}
