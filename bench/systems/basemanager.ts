/** CPython's BaseManager, from the standard library. */
import { peerFile } from '../harness/paths.ts';
import { startChildServer } from './node-process.ts';
import { findProgram, missingProgram, outputOf } from './program.ts';
import type { System } from './system.ts';

const python = findProgram('python3');
const command = [python ?? 'python3', peerFile('basemanager.py')];

export const baseManager: System = {
  name: 'basemanager',
  title: 'CPython BaseManager',
  durability: 'in memory: lost with the server',
  abilities: ['call', 'backlog'],
  missing: () => missingProgram('python3', 'python3', python),
  version: () => outputOf(python ?? '', '--version'),
  startServer: () => startChildServer([...command, 'server']),
  end: (role) => [...command, role],
};
