import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readDocument, root } from './markdown.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-deploy-'));
const files = readdirSync(join(root, 'deploy'));
const settings = readDocument('docs/guide/cli.md');
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
const hasYaml = spawnSync('python3', ['-c', 'import yaml']).status === 0;

afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('the deployment files set only variables that millrace reads', () => {
  expect(files).toHaveLength(4);
  for (const file of files) {
    for (const [name] of readDocument(join('deploy', file)).matchAll(/MILLRACE_[A-Z_]+/g)) {
      expect(settings, `${file} sets ${name}`).toContain(`\`${name}\``);
    }
  }
});

test.skipIf(!hasSystemd)('systemd accepts the units', () => {
  for (const file of files.filter((name) => name.endsWith('.service'))) {
    const unit = readDocument(join('deploy', file))
      .replace('/usr/bin/node', process.execPath)
      .replace('WorkingDirectory=/opt/app', `WorkingDirectory=${directory}`);
    const path = join(directory, file);
    writeFileSync(path, unit);
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], {
      encoding: 'utf8',
    });
    expect(stderr.split('\n').filter((line) => line.includes(file))).toEqual([]);
    expect(status).toBe(0);
  }
});

interface Service {
  readonly command: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
}

test.skipIf(!hasYaml)(
  'the compose file defines every service, volume and secret that it refers to',
  () => {
    const parse = 'import json,sys,yaml; print(json.dumps(yaml.safe_load(sys.stdin)))';
    const { stdout } = spawnSync('python3', ['-c', parse], {
      input: readDocument('deploy/compose.yaml'),
      encoding: 'utf8',
    });
    const compose: { services: Record<string, Service> } = JSON.parse(stdout);
    expect(compose).toMatchObject({ volumes: { data: null }, secrets: { authkey: {} } });
    expect(Object.keys(compose.services)).toEqual(['manager', 'worker']);
    expect(compose.services['worker']?.depends_on).toHaveProperty('manager');
    expect(
      Object.entries(compose.services).map(([name, { command }]) => [name, command[0]]),
    ).toEqual([
      ['manager', 'manager'],
      ['worker', 'worker'],
    ]);
  },
);

const instructions = ['FROM', 'ENV', 'WORKDIR', 'COPY', 'RUN', 'USER', 'EXPOSE'].concat([
  'ENTRYPOINT',
  'CMD',
]);

test('the Dockerfile has only known instructions, and starts the program of the package', () => {
  const lines = readDocument('deploy/Dockerfile')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  for (const line of lines) {
    expect(instructions).toContain(line.split(' ')[0]);
  }
  const [, entry = '[]'] = /^ENTRYPOINT (.*)$/m.exec(lines.join('\n')) ?? [];
  expect(JSON.parse(entry)).toEqual(['node', 'node_modules/millrace/bin/millrace.js']);
});
