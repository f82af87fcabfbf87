/**
 * Turns the waiting changesets into a new version: raises the version in all manifests,
 * writes the section of CHANGELOG.md, removes the changesets, and updates the other
 * places that name the version. Commits nothing. Without a changeset it changes nothing.
 */
import './check-node.mjs';
import getReleasePlan from '@changesets/get-release-plan';
import { writeReport } from './api.mjs';
import { addSection, sectionOf } from './changelog.mjs';
import { root, run } from './run-tools.mjs';
import { currentVersion, spreadVersion } from './versions.mjs';

const must = (code, what) => {
  if (code !== 0) {
    throw new Error(`${what} failed with exit code ${code}`);
  }
};

/** The number of changesets that wait for the next version. */
export const waitingChangesets = async () => (await getReleasePlan(root)).changesets.length;

/**
 * Raises the version, if a changeset asks for it.
 *
 * @returns the version that the packages have now
 */
export const versionPackages = async () => {
  const { changesets } = await getReleasePlan(root);
  const before = currentVersion();
  if (changesets.length === 0) {
    return before;
  }
  must(run('changeset', 'version'), 'changeset version');
  const after = currentVersion();
  if (after !== before) {
    addSection(sectionOf(after, new Date().toISOString().slice(0, 10), changesets));
    spreadVersion(before, after);
  }
  must(run('tsc', '-b', 'packages/millrace'), 'the compiler');
  must(writeReport(), 'the report of the public API');
  return after;
};

if (process.argv[1] === import.meta.filename) {
  const before = currentVersion();
  const after = await versionPackages();
  console.log(
    after === before
      ? `The version stays ${before}: no changeset raises it.`
      : `The version was ${before} and is now ${after}.`,
  );
}
