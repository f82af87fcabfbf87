import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** Something that happens to a file of a store. */
export type Damage =
  | { readonly kind: 'flip'; readonly file: string; readonly at: number; readonly bit: number }
  | { readonly kind: 'zero'; readonly file: string; readonly at: number; readonly bytes: number }
  | { readonly kind: 'cut'; readonly file: string; readonly bytes: number }
  | {
      readonly kind: 'remove' | 'garbage' | 'directory' | 'dangling' | 'append' | 'link' | 'fifo';
      readonly file: string;
    }
  /** The same file of another store, or of an earlier copy of this one. */
  | { readonly kind: 'replace'; readonly file: string; readonly by: string }
  | { readonly kind: 'exchange'; readonly file: string; readonly other: string };

const GARBAGE = 'hi\n'.repeat(4_000);

/** Changes a file in place. */
const change = (path: string, act: (bytes: Buffer) => void): void => {
  const bytes = readFileSync(path);
  act(bytes);
  writeFileSync(path, bytes);
};

export const inflict = (directory: string, damage: Damage): void => {
  const path = join(directory, damage.file);
  switch (damage.kind) {
    case 'flip':
      return change(path, (bytes) => {
        bytes[damage.at] = (bytes[damage.at] ?? 0) ^ (1 << damage.bit);
      });
    case 'zero':
      return change(path, (bytes) => {
        bytes.subarray(damage.at, damage.at + damage.bytes).fill(0);
      });
    case 'cut':
      return truncateSync(path, damage.bytes);
    case 'remove':
      return rmSync(path);
    case 'garbage':
      return writeFileSync(path, GARBAGE);
    case 'directory':
      rmSync(path);
      mkdirSync(path);
      return;
    case 'dangling':
      rmSync(path);
      return symlinkSync(join(directory, 'nowhere'), path);
    case 'append':
      return appendFileSync(path, GARBAGE);
    case 'link':
      renameSync(path, `${directory}.linked`);
      return symlinkSync(`${directory}.linked`, path);
    case 'fifo':
      rmSync(path);
      execFileSync('mkfifo', [path]);
      return;
    case 'replace':
      return copyFileSync(join(damage.by, damage.file), path);
    case 'exchange':
      renameSync(path, `${path}.aside`);
      renameSync(join(directory, damage.other), path);
      return renameSync(`${path}.aside`, join(directory, damage.other));
    default:
      throw new Error('an unknown damage');
  }
};
