import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { tuning } from '../../tuning.ts';
import { say } from '../terminal/output.ts';

const PACKAGE_MANAGER = /^(?:npm|npx|pnpm|pnpx|yarn|bun|bunx)(?:-cli)?(?:\.c?js)?$/;
const SHELL = /^(?:sh|dash|ash|bash|zsh|busybox)$/;

interface Ancestor {
  readonly pid: number;
  readonly parent: number;
  readonly words: readonly string[];
}

/** A process as /proc shows it; undefined if it is gone or there is no /proc. */
const ancestor = (pid: number): Ancestor | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name stands in brackets and may contain spaces and brackets itself.
    const [, parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split(/[\0 ]/);
    return { pid, parent: Number(parent), words };
  } catch {
    return undefined;
  }
};

/** npm sets its title to `npm run …`; others are scripts that Node runs. */
const isPackageManager = ({ words }: Ancestor): boolean =>
  words.slice(0, 2).some((word) => PACKAGE_MANAGER.test(basename(word)));

const isShell = ({ words }: Ancestor): boolean => SHELL.test(basename(words[0] ?? ''));

/** The package manager that runs this process, directly or through shells, nearest first. */
const chainToPackageManager = (): readonly Ancestor[] | undefined => {
  const chain: Ancestor[] = [];
  for (let pid = process.ppid; ; ) {
    const found = ancestor(pid);
    if (found === undefined) {
      return undefined;
    }
    chain.push(found);
    if (isPackageManager(found)) {
      return chain;
    }
    if (!isShell(found)) {
      return undefined;
    }
    pid = found.parent;
  }
};

/** Whether every process of the chain still has the parent that it had. */
const isWhole = (chain: readonly Ancestor[]): boolean =>
  chain.every(({ pid }, index) => {
    const child = chain[index - 1];
    return (child === undefined ? process.ppid : ancestor(child.pid)?.parent) === pid;
  });

/**
 * Ends this process as SIGTERM does when the `npm run` or `npx` that started it is
 * gone. At SIGTERM these end themselves and their shell, and leave the program behind.
 */
export const endWithPackageManager = (): void => {
  const chain = chainToPackageManager();
  if (chain === undefined) {
    return;
  }
  const name = chain
    .at(-1)
    ?.words.slice(0, 2)
    .map((word) => basename(word))
    .join(' ');
  const timer = setInterval(() => {
    if (!isWhole(chain)) {
      clearInterval(timer);
      say(`${name} has ended and left this process behind: stopping`);
      process.kill(process.pid, 'SIGTERM');
    }
  }, tuning.checkParentEveryMs);
  timer.unref();
};
