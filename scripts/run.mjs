/** `node scripts/run.mjs TOOL ARGS…` runs a binary of the workspace and ends with its exit code. */
import './check-node.mjs';
import { run } from './run-tools.mjs';

const [tool, ...args] = process.argv.slice(2);
process.exitCode = run(tool, ...args);
