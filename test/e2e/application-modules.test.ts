import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { type Stage, stages } from '../support/stage.ts';

const openStage = stages();

/** Writes a project below the stage, whose processes run in another folder. */
const projectIn = (stage: Stage, files: Readonly<Record<string, string>>): void => {
  for (const [name, text] of Object.entries(files)) {
    const path = stage.path(`project/${name}`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
};

const handlerModule = (runner: string): string => `
import { handler, defineTask } from '${import.meta.resolve('millrace')}';
import { shout } from '@lib/shout';
const h = (tag: string, _props: object | null, ...inner: string[]): string =>
  '<' + tag + '>' + inner.join('') + '</' + tag + '>';
declare namespace JSX { type Element = string; interface IntrinsicElements { b: object } }
export default [
  handler(defineTask<string, string>('render'), (text) => <b>{shout(text)}</b>, { runner: '${runner}' }),
];
`;

test.each(['inline', 'thread', 'process'])(
  'a .tsx module with paths of its tsconfig runs %s, whatever the working directory',
  async (runner) => {
    const stage = await openStage();
    await stage.manager();
    projectIn(stage, {
      'package.json': '{"type":"module"}',
      'tsconfig.json': JSON.stringify({
        compilerOptions: { jsx: 'react', jsxFactory: 'h', paths: { '@lib/*': ['./lib/*'] } },
      }),
      'lib/shout.ts': 'export const shout = (text: string): string => text.toUpperCase();',
      'src/handlers.tsx': handlerModule(runner),
    });
    await stage.worker(pathToFileURL(stage.path('project/src/handlers.tsx')));
    const rendered = await stage.cli(['enqueue', 'render', '"hello"', '--wait']);
    expect(rendered).toMatchObject({ code: 0, stdout: '"<b>HELLO</b>"' });
  },
);
