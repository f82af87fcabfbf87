/**
 * Writes docs/guide/errors.md from the table of error codes. With `--check` it writes
 * nothing, and fails when the document is out of date.
 */
import './check-node.mjs';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodeOf } from '../packages/millrace/dist/cli/terminal/exit.js';
import { errorTable } from '../packages/protocol/dist/index.js';
import { advice } from './error-advice.mjs';
import { root } from './run-tools.mjs';

const HEAD = `# Errors

Every error of millrace has a code that does not change, and a message that says what
happened, to which queue or task, and what to do. Match on the code:

\`\`\`ts errors.ts
import { connect, defineTask, MillraceError } from 'millrace';

const greet = defineTask<{ name: string }, string>('greet');

connect().then(async (client) => {
  try {
    await (await client.enqueue(greet, { name: 'Ada' })).result({ timeoutMs: 1_000 });
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    console.log(error.code, error.retry ? 'may succeed later' : 'will not by itself');
  }
  await client.close();
});
\`\`\`

The CLI prints \`millrace: CODE: message\` as one line on stderr and ends with the
exit code of the table. \`status\` and \`check\` end with 3 for every code.

\`npm run errors\` writes this page from \`packages/protocol/src/words/error-codes.ts\`.

| code | what it means | what to do | may succeed later | exit code |
|---|---|---|---|---|
`;

const row = ([code, { meaning, retry }]) => {
  if (advice[code] === undefined) {
    throw new Error(`scripts/error-advice.mjs does not say what to do about ${code}`);
  }
  return `| \`${code}\` | ${meaning} | ${advice[code]} | ${retry ? 'yes' : 'no'} | ${exitCodeOf(code)} |\n`;
};

const document = `${HEAD}${Object.entries(errorTable).map(row).join('')}`;
const path = join(root, 'docs', 'guide', 'errors.md');
if (!process.argv.includes('--check')) {
  writeFileSync(path, document);
} else if (readFileSync(path, 'utf8') !== document) {
  console.error('docs/guide/errors.md is out of date: run `npm run errors`');
  process.exitCode = 1;
}
