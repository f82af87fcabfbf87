import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Child } from '../support/child.ts';
import { blocksOf, commandsOf, documentsUnder, filesOf, readDocument, root } from './markdown.ts';

const documents = ['README.md', ...documentsUnder('docs')];
/** Modules that other snippets import or that a worker runs. */
const notPrograms = ['tasks.ts', 'handlers.ts'];

let folder = '';
const children: Child[] = [];

beforeEach(() => {
  // Inside the workspace, so that snippets can import its packages.
  folder = mkdtempSync(join(root, 'test', '.snippets-'));
  // `npm init` makes a package whose modules are CommonJS.
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'commonjs' }));
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    await child.end('SIGTERM');
  }
  rmSync(folder, { recursive: true, force: true });
});

const start = (command: string): Child => {
  const path = `${join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`;
  const child = new Child(
    command,
    ['-c', `exec ${command}`],
    { cwd: folder, env: { ...process.env, PATH: path }, stdio: ['ignore', 'pipe', 'pipe'] },
    'bash',
  );
  children.push(child);
  return child;
};

const expectSuccess = async (command: string): Promise<void> => {
  const child = start(command);
  const { code } = await child.closed;
  expect(code, `${command}\n${child.output}`).toBe(0);
};

const compilerOptions = {
  strict: true,
  noEmit: true,
  module: 'nodenext',
  target: 'es2022',
  types: ['node'],
  skipLibCheck: true,
  allowImportingTsExtensions: true,
};

const compile = (files: readonly string[]): void => {
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  const { stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], {
    encoding: 'utf8',
  });
  expect(stdout).toBe('');
};

const startManager = async (files: readonly string[]): Promise<void> => {
  const hasHandlers = files.includes('handlers.ts');
  const manager = start(
    `millrace ${hasHandlers ? 'dev handlers.ts' : 'manager'} --port 0 --memory`,
  );
  await manager.line(hasHandlers ? /worker handles/ : /listening on/);
};

test.each(documents)('the snippets of %s compile and run', async (path) => {
  const text = readDocument(path);
  for (const { body, file, language } of blocksOf(text)) {
    expect(language !== 'ts' || file !== '', `a snippet without a name: ${body}`).toBe(true);
  }
  const files = filesOf(text).filter(([name]) => /\.(?:ts|toml)$/.test(name));
  for (const [name, body] of files) {
    // Another test on the machine may use the port of the document.
    writeFileSync(join(folder, name), body.replaceAll(/port(:| =) 74[23]0/g, 'port$1 0'));
  }
  const programs = files.map(([name]) => name).filter((name) => name.endsWith('.ts'));
  const commands = commandsOf(text).filter((line) => line.startsWith('millrace '));
  if (programs.length > 0) {
    compile(programs);
  }
  if (programs.length + commands.length > 0) {
    await startManager(programs);
  }
  for (const program of programs.filter((name) => !notPrograms.includes(name))) {
    await expectSuccess(`tsx ${program}`);
  }
  for (const command of commands) {
    await expectSuccess(command);
  }
});

test('docs/guide/errors.md agrees with the table of errors', () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(root, 'scripts/write-errors.mjs'), '--check'],
    { encoding: 'utf8' },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
