/** Reads figures of processes from the kernel. */
import { readdirSync, readFileSync } from 'node:fs';

const CLOCK_TICKS_PER_SECOND = 100;
const BYTES_PER_KIB = 1_024;

/** The fields of /proc/PID/stat from the third on, the state; see proc(5). */
const statOf = (pid: number | string): readonly string[] => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
};

/** CPU seconds, user and system, that a process and its ended children have used so far. */
export const cpuSeconds = (pid: number): number => {
  const ticks = statOf(pid).slice(11, 15).map(Number);
  return ticks.reduce((sum, each) => sum + each, 0) / CLOCK_TICKS_PER_SECOND;
};

const isProcess = (name: string): boolean => /^\d+$/.test(name);

const parentOf = (pid: string): number => {
  try {
    return Number(statOf(pid)[1]);
  } catch {
    return 0; // The process has ended since the directory was read.
  }
};

/** The ids of a process and its children. */
export const familyOf = (pid: number): readonly number[] => {
  const children = readdirSync('/proc').filter((name) => isProcess(name) && parentOf(name) === pid);
  return [pid, ...children.map(Number)];
};

/** Resident anonymous memory of a process. */
export const anonymousBytes = (pid: number): number => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * BYTES_PER_KIB;
};
