import { readdirSync } from 'node:fs';
import { join, posix } from 'node:path';

/** The paths that exist, relative to the root of a repository. */
export interface Tree {
  /** Files and folders, without a slash at the end. */
  readonly paths: ReadonlySet<string>;
  /** Names of files, without their folders. */
  readonly fileNames: ReadonlySet<string>;
}

/** A sentence on a name or a link of a document that leads nowhere. */
type Complaint = string;

const skipped = new Set(['node_modules', 'dist', 'release', 'coverage', '.git', '.millrace']);
const SNIPPETS = '.snippets-';

const pathsUnder = (root: string, folder: string): { path: string; isFile: boolean }[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name) || entry.name.startsWith(SNIPPETS)) {
      return [];
    }
    const path = posix.join(folder, entry.name);
    return entry.isDirectory()
      ? [{ path, isFile: false }, ...pathsUnder(root, path)]
      : [{ path, isFile: true }];
  });

export const treeOf = (paths: readonly { path: string; isFile: boolean }[]): Tree => ({
  paths: new Set(paths.map(({ path }) => path)),
  fileNames: new Set(paths.filter(({ isFile }) => isFile).map(({ path }) => posix.basename(path))),
});

/** The files and folders of a checkout, without installed packages and compiled output. */
export const readTree = (root: string): Tree => treeOf(pathsUnder(root, ''));

const FENCE = /^ *```[^\n]*\n[\s\S]*?^ *```$/gm;
const SPAN = /`([^`\n]+)`/g;
const LINK = /\]\(([^)\s]+)\)/g;

const EXTENSION =
  /^[\w@./-]+\.(?:[cm]?[jt]sx?|py|sh|md|json|toml|ya?ml|csv|patch|service|txt|lock)$/;
const TOP_FOLDER = /^\.?\/?(?:packages|test|docs|bench|scripts|examples|deploy|\.ci|\.github)\//;

const isName = (word: string): boolean => EXTENSION.test(word) || TOP_FOLDER.test(word);

/** Words in backticks that look like a file or a path. In fenced blocks only words that begin with a known folder count. */
export const namesIn = (text: string): string[] => {
  const fenced = [...text.matchAll(FENCE)].flatMap(([block]) =>
    block.split(/[\s'"()]+/).filter((word) => TOP_FOLDER.test(word)),
  );
  const spans = [...text.replaceAll(FENCE, '').matchAll(SPAN)].flatMap(([, span = '']) =>
    span.split(/\s+/).map((word) => word.replace(/[:,;]+$/, '')),
  );
  return [...fenced, ...spans.filter(isName)];
};

/** A compiled file stands for its source. */
const sourcesOf = (path: string): string[] =>
  ['/', '/src/'].map((folder) => path.replace('/dist/', folder).replace(/\.js$/, '.ts'));

const candidatesOf = (document: string, name: string): string[] => {
  const fromRoot = posix.normalize(name);
  const fromDocument = posix.join(posix.dirname(document), name);
  return [fromRoot, fromDocument].flatMap((path) => [path, ...sourcesOf(path)]);
};

const exists = (tree: Tree, document: string, name: string): boolean =>
  (!name.includes('/') && tree.fileNames.has(name)) ||
  candidatesOf(document, name).some((path) => tree.paths.has(path.replace(/\/$/, '')));

/** The names in a document that no file has. A name without a folder may be any file's. */
export const lostNames = (
  tree: Tree,
  document: string,
  text: string,
  placeholders: ReadonlySet<string>,
): Complaint[] =>
  namesIn(text)
    .filter((name) => !placeholders.has(name) && !exists(tree, document, name))
    .map((name) => `${document} names \`${name}\`, which does not exist`);

/** The anchors that GitHub makes of headings. */
const anchorsOf = (text: string): Set<string> =>
  new Set(
    [...text.replaceAll(FENCE, '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );

/** The relative links of a document that lead to a missing file or heading. */
export const lostLinks = (
  tree: Tree,
  document: string,
  text: string,
  read: (path: string) => string,
): Complaint[] => {
  const plain = text.replaceAll(FENCE, '').replaceAll(SPAN, '');
  return [...plain.matchAll(LINK)].flatMap(([, link = '']) => {
    if (/^\w+:/.test(link)) {
      return [];
    }
    const [target = '', anchor] = link.split('#');
    const path = target === '' ? document : posix.join(posix.dirname(document), target);
    const isThere = tree.paths.has(path.replace(/\/$/, ''));
    return isThere && (anchor === undefined || anchorsOf(read(path)).has(anchor))
      ? []
      : [`${document} links to ${link}, which does not exist`];
  });
};
