import type { Stage } from '../../support/stage.ts';

/** The files of a store, below its directory. */
const storeFiles = {
  log: ['log.0', 'log.1'],
  tree: ['data.mdb'],
} as const;

export type StorePart = keyof typeof storeFiles;

/** The files of a part of the store of this stage's manager. */
export const pathsOf = (stage: Stage, part: StorePart): string[] =>
  storeFiles[part].map((name) => stage.path(`store/${name}`));
