/**
 * Refuses a Node that is too old, with a sentence instead of a stack trace. Every
 * script imports this file first, so it uses nothing that an old Node lacks.
 */
const MINIMUM = [20, 19];

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1])) {
  console.error(
    `millrace needs Node ${MINIMUM.join('.')} or newer; this is ${process.versions.node} (${process.execPath}).`,
  );
  process.exit(1);
}
