/** What the kernel says of processes. */
import { readdirSync, readFileSync } from 'node:fs';

const CLOCK_TICKS_PER_SECOND = 100;
const BYTES_PER_KIB = 1_024;

/** Fields of /proc/PID/stat from the state on; see proc(5). */
const statOf = (pid: number | string): readonly string[] => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
};

/** CPU seconds a process has used so far, user and system, with its children that have ended. */
export const cpuSeconds = (pid: number): number => {
  const ticks = statOf(pid).slice(11, 15).map(Number);
  return ticks.reduce((sum, each) => sum + each, 0) / CLOCK_TICKS_PER_SECOND;
};

const isProcess = (name: string): boolean => /^\d+$/.test(name);

const parentOf = (pid: string): number => {
  try {
    return Number(statOf(pid)[1]);
  } catch {
    return 0; // It has ended meanwhile.
  }
};

/** A process and its children. */
export const familyOf = (pid: number): readonly number[] => {
  const children = readdirSync('/proc').filter((name) => isProcess(name) && parentOf(name) === pid);
  return [pid, ...children.map(Number)];
};

/** Anonymous memory of a process that is resident. */
export const anonymousBytes = (pid: number): number => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * BYTES_PER_KIB;
};
