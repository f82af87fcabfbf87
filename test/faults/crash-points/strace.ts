import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { Child } from '../../support/child.ts';
import type { Stage } from '../../support/stage.ts';

/** An injection of strace. */
export interface Injection {
  readonly syscall: string;
  /** The effect on a call, such as `signal=KILL` or `error=EIO`. */
  readonly effect: string;
  /** `N` for the n-th call only, `N+` for it and all later ones. strace counts each thread separately. */
  readonly when: string;
  /** The files whose calls count; all calls count without this. */
  readonly paths?: readonly string[];
  /** The file to which the calls are logged, with their times. */
  readonly log?: string;
}

/** Makes one thread of the pool do all commits, so that strace counts them together. */
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

/** A command prefix that runs a program with the injection, in the same process. */
export const straced = (injection: Injection): string[] => [
  'strace',
  '-D',
  '-qq',
  ...argsOf(injection),
];

/** Injects into a running process; resolves when strace is attached. */
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
    once(tracer, 'close').then(() => ['it ended without output']),
  ]);
  subject.kill('SIGKILL');
  return /attached/.test(String(said))
    ? undefined
    : `strace may not trace another process here: ${String(said).trim()}`;
};

/** Why strace cannot be used on this machine, or undefined. */
export const straceMissing: string | undefined =
  process.platform === 'linux' ? await probe() : 'strace exists on Linux only';
