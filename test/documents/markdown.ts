import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

export interface Block {
  readonly language: string;
  /** The name of the file that the block shows; empty if the block has no name. */
  readonly file: string;
  readonly body: string;
}

export const readDocument = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The Markdown files below a folder of the repository, as paths from its root. */
export const documentsUnder = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`)
    .toSorted();

/** The part of a document from one heading to the next of the same level. */
export const section = (text: string, heading: string): string => {
  const start = text.indexOf(`${heading}\n`);
  if (start < 0) {
    throw new Error(`no heading '${heading}'`);
  }
  const level = /^#+/.exec(heading)?.[0] ?? '#';
  const end = text.indexOf(`\n${level} `, start + heading.length);
  return text.slice(start, end < 0 ? text.length : end);
};

/** The fenced blocks of a text. */
export const blocksOf = (text: string): Block[] =>
  [...text.matchAll(/```(\w+)(?: (\S+))?\n([\s\S]*?)```/g)].map(
    ([, language = '', file = '', body = '']) => ({ language, file, body }),
  );

/** The fenced blocks with a file name, as pairs of name and contents. */
export const filesOf = (text: string): [string, string][] =>
  blocksOf(text)
    .filter(({ file }) => file !== '')
    .map(({ body, file }) => [file, body]);

/** The lines of all shell blocks, without comments. */
export const commandsOf = (text: string): string[] =>
  blocksOf(text)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ body }) => body.trim().split('\n'))
    .map((line) => line.replace(/\s+# .*$/, ''))
    .filter((line) => line !== '' && !line.startsWith('#'));
