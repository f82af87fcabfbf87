import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { Child } from '../../support/child.ts';
import type { Stage } from '../../support/stage.ts';

/** What strace does to the n-th call, e.g. `signal=KILL` or `error=EIO`. */
export interface Injection {
  readonly syscall: string;
  readonly effect: string;
  /** `N` for the n-th call only, `N+` for it and all after it; strace counts for each thread apart. */
  readonly when: string;
  /** Only calls on these files count. */
  readonly paths?: readonly string[];
  /** Where the calls are logged, with their moments. */
  readonly log?: string;
}

/** One thread of the pool makes all commits, so that strace counts them as one. */
export const oneCommitter = { UV_THREADPOOL_SIZE: '1' };

const argsOf = ({ effect, log = '/dev/null', paths = [], syscall, when }: Injection): string[] => [
  '-f',
  '-ttt',
  '-T',
  ...paths.flatMap((path) => ['-P', path]),
  '-e',
  `trace=${syscall}`,
  '-e',
  `inject=${syscall}:${effect}:when=${when}`,
  '-o',
  log,
];

/** A command that runs another with the injection, in the process that was started. */
export const straced = (injection: Injection): string[] => [
  'strace',
  '-D',
  '-qq',
  ...argsOf(injection),
];

/** Injects into a process that runs; resolves when strace holds it. */
export const attach = async (stage: Stage, pid: number, injection: Injection): Promise<Child> => {
  const tracer = stage.program('strace', ['strace', ...argsOf(injection), '-p', String(pid)]);
  await tracer.line(/attached/);
  return tracer;
};

const probe = async (): Promise<string | undefined> => {
  const { error } = spawnSync('strace', ['--version']);
  if (error !== undefined) {
    return `strace cannot be run: ${error.message}`;
  }
  const subject = spawn(process.execPath, ['-e', 'process.stdin.resume()']);
  await once(subject, 'spawn');
  const tracer = spawn('strace', ['-f', '-p', String(subject.pid)]);
  tracer.stderr.setEncoding('utf8');
  const [said] = await Promise.race([
    once(tracer.stderr, 'data'),
    once(tracer, 'close').then(() => ['it ended without a word']),
  ]);
  subject.kill('SIGKILL');
  return /attached/.test(String(said))
    ? undefined
    : `strace may not trace another process here: ${String(said).trim()}`;
};

/** Why strace cannot be used on this machine, or nothing. */
export const straceMissing: string | undefined =
  process.platform === 'linux' ? await probe() : 'strace exists on Linux only';
