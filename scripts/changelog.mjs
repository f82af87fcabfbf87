/** Writes the section of a new version into CHANGELOG.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run-tools.mjs';

const path = join(root, 'CHANGELOG.md');

const KINDS = [
  ['major', 'Breaking'],
  ['minor', 'Added and changed'],
  ['patch', 'Fixed'],
];

/** A changeset may name several packages; the largest change among them counts. */
const kindOf = ({ releases }) =>
  KINDS.map(([kind]) => kind).find((kind) => releases.some(({ type }) => type === kind));

/** One item of a list; its further lines are indented to the text of the first. */
const item = ({ summary }) => `- ${summary.trim().replaceAll(/\n(?=.)/g, '\n  ')}\n`;

const chapter = (heading, changesets) =>
  changesets.length === 0 ? '' : `\n### ${heading}\n\n${changesets.map(item).join('')}`;

/** The section of a version, made of its changesets. */
export const sectionOf = (version, date, changesets) => {
  const chapters = KINDS.map(([kind, heading]) =>
    chapter(
      heading,
      changesets.filter((changeset) => kindOf(changeset) === kind),
    ),
  );
  return `## ${version}, ${date}\n${chapters.join('')}\n`;
};

/** Puts a section above those of the earlier versions. */
export const addSection = (section) => {
  const text = readFileSync(path, 'utf8');
  const place = text.search(/^## /m);
  writeFileSync(path, `${text.slice(0, place)}${section}${text.slice(place)}`);
};
