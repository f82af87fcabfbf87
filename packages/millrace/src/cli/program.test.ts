import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { CONFIG_VARIABLE } from '../config/environment.ts';
import { settingEntries } from '../config/settings.ts';
import { createProgram } from './program.ts';

const document = readFileSync(join(import.meta.dirname, '../../../../docs/guide/cli.md'), 'utf8');

/** The commands that can be run, which excludes mere groups. */
const runnable = (command: Command, path: string): [string, Command][] => {
  const inner = command.commands.flatMap((child) => runnable(child, `${path} ${child.name()}`));
  return command.commands.length > 0 && command.registeredArguments.length === 0
    ? inner
    : [[path, command], ...inner];
};

const commands = runnable(createProgram(), 'millrace');

const helpOf = (command: Command): string => {
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  return help;
};

test('every command is in docs/guide/cli.md, and the document has no other', () => {
  const rows = [...document.matchAll(/^\| `(millrace[a-z ]+?)(?: [A-Z[][^`]*)?` \|/gm)];
  const documented = rows.map(([, path]) => path);
  expect(new Set(documented)).toEqual(new Set(commands.map(([path]) => path)));
  expect(documented).toHaveLength(commands.length);
});

test.each(commands)('the help of %s shows an example of it', (path, command) => {
  expect(helpOf(command)).toMatch(new RegExp(`Example:\\n  ${path}`));
});

test('every setting is in docs/guide/cli.md, with its key and its variable', () => {
  for (const [key, { env, secret }] of settingEntries) {
    expect(document).toContain(`\`${env}\``);
    expect(document.includes(`\`${key}\``)).toBe(secret !== true);
  }
  const named = [...document.matchAll(/`(MILLRACE_[A-Z_]+)`/g)].map(([, name]) => name);
  expect(new Set(named)).toEqual(
    new Set([CONFIG_VARIABLE, ...settingEntries.map(([, { env }]) => env)]),
  );
});
