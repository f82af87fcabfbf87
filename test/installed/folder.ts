import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Child } from '../support/child.ts';

const root = join(import.meta.dirname, '../..');

const run = (command: string, args: readonly string[], cwd: string): string => {
  const { status, stderr, stdout } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`${command} ${args.join(' ')}: exit ${status}\n${stdout}\n${stderr}`);
  }
  return stdout;
};

/** The directory of another Node, which `npm run nodes` sets. */
const anotherNode = process.env['INSTALLED_NODE_DIRECTORY']?.split(':') ?? [];

/** The environment of a new user: without paths of this repository and without variables of millrace. */
const newUsersEnvironment = (): NodeJS.ProcessEnv => {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:MILLRACE_|npm_|NODE_OPTIONS|VITEST|NODE_ENV|INIT_CWD)/.test(name),
  );
  const path = (process.env['PATH'] ?? '').split(':').filter((part) => !part.startsWith(root));
  return { ...Object.fromEntries(kept), PATH: [...anotherNode, ...path].join(':'), NO_COLOR: '1' };
};

/** An empty `npm init -y` folder outside the repository, with the packed tarball installed. */
export class InstalledFolder {
  readonly directory = mkdtempSync(join(tmpdir(), 'millrace-installed-'));
  readonly #children: Child[] = [];

  install(): void {
    const release = join(this.directory, 'release');
    const printed = run(process.execPath, [join(root, 'scripts/pack.mjs'), release], root);
    const home = this.path('home');
    mkdirSync(home);
    run('npm', ['init', '-y'], home);
    const tarball = join(root, printed.trim());
    run('npm', ['install', '--no-audit', '--no-fund', tarball], home);
  }

  path(...names: readonly string[]): string {
    return join(this.directory, ...names);
  }

  /** Writes files into the folder. */
  write(files: Iterable<readonly [string, string]>): void {
    for (const [name, body] of files) {
      mkdirSync(dirname(this.path('home', name)), { recursive: true });
      writeFileSync(this.path('home', name), body);
    }
  }

  /** Starts a shell line in the folder, in its own process group. */
  start(line: string): Child {
    const child = new Child(
      line,
      ['-c', line],
      {
        cwd: this.path('home'),
        detached: true,
        env: newUsersEnvironment(),
        stdio: ['ignore', 'pipe', 'pipe'],
      },
      'bash',
    );
    this.#children.push(child);
    return child;
  }

  /** Runs a shell line to its end; rejects unless its exit code is `code`. */
  async output(line: string, code = 0): Promise<string> {
    const child = this.start(line);
    const exit = await child.closed;
    if (exit.code !== code) {
      throw new Error(`${line}: exit ${exit.code} after\n${child.output}`);
    }
    return child.stdout.join('\n');
  }

  /** Ends all process groups that were started. */
  async stop(): Promise<void> {
    for (const child of this.#children.splice(0).toReversed()) {
      if (child.isRunning) {
        process.kill(-child.pid, 'SIGTERM');
        await child.exited;
      }
    }
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}
