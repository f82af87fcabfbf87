import { join } from 'node:path';
import { Child } from '../harness/child.ts';
import { compiledFile } from '../harness/paths.ts';
import type { Server } from './system.ts';

/** The command of Node, which writes CPU profiles when BENCH_PROFILE names a directory for them. */
export const profiledNode = (role: string): readonly string[] => {
  const directory = process.env['BENCH_PROFILE'];
  return directory === undefined
    ? [process.execPath]
    : [process.execPath, '--cpu-prof', `--cpu-prof-dir=${join(directory, role)}`];
};

export const endOf = (
  node: readonly string[],
  role: 'producer' | 'worker',
  adapter: string,
): readonly string[] => [...node, compiledFile('harness/end.js'), role, adapter];

/** Starts a server that is a process of this benchmark and prints its address. */
export const startChildServer = async (command: readonly string[]): Promise<Server> => {
  const child = await Child.start(command);
  return { address: child.said, pids: () => [child.pid], stop: () => child.stop() };
};
