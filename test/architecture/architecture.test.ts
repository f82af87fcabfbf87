import { describe, expect, test } from 'vitest';
import { codeOf, importsOf } from './imports.ts';
import { readRepository } from './repository.ts';
import { breachesOf } from './rules.ts';

const packages = new Map([
  ['@millrace/protocol', 'packages/protocol'],
  ['@millrace/manager', 'packages/manager'],
  ['@millrace/worker', 'packages/worker'],
  ['millrace', 'packages/millrace'],
]);

const breaches = (sources: Record<string, string>): string[] =>
  breachesOf(new Map(Object.entries(sources)), packages);

const core = 'packages/manager/src/engine/core/task-machine.ts';

describe('this repository', () => {
  const repository = readRepository();

  test('its sources and packages are found', () => {
    const paths = [...repository.sources.keys()];
    expect(paths).toContain('packages/protocol/src/index.ts');
    expect(paths).toContain('test/architecture/architecture.test.ts');
    expect(repository.packages.get('@millrace/protocol')).toBe('packages/protocol');
  });

  test('its sources keep the architecture', () => {
    expect(breachesOf(repository.sources, repository.packages)).toEqual([]);
  });
});

describe('imports between packages', () => {
  test('a downward import is allowed', () => {
    expect(
      breaches({
        'packages/manager/src/door/server.ts': `import { limits } from '@millrace/protocol';`,
        'packages/millrace/src/bin.ts': `import { Manager } from '@millrace/manager';`,
        'test/end-to-end.test.ts': `import { connect } from 'millrace';`,
      }),
    ).toEqual([]);
  });

  test('an upward import is reported', () => {
    expect(
      breaches({ 'packages/protocol/src/frame.ts': `import { x } from '@millrace/manager';` }),
    ).toEqual([
      'packages/protocol/src/frame.ts imports packages/manager/src/index.ts, which is above it',
    ]);
  });

  test('an upward import of types only is reported', () => {
    expect(
      breaches({ 'packages/worker/src/worker.ts': `import type { Cli } from 'millrace';` }),
    ).toHaveLength(1);
  });

  test('an upward import by a relative path is reported', () => {
    expect(
      breaches({ 'packages/protocol/src/a.ts': `export * from '../../worker/src/index.ts';` }),
    ).toHaveLength(1);
  });

  test('an import between two packages of the middle floor is reported', () => {
    expect(
      breaches({ 'packages/worker/src/worker.ts': `await import('@millrace/manager');` }),
    ).toEqual([
      'packages/worker/src/worker.ts imports packages/manager/src/index.ts, which stands beside it',
    ]);
  });
});

describe('imports between the rooms of a package', () => {
  const manager = 'packages/manager/src';

  test('a downward import is allowed, and any import by a file outside all rooms', () => {
    expect(
      breaches({
        [`${manager}/commands/pause.ts`]: `import '../waiting/peer.ts';`,
        [`${manager}/engine/engine.ts`]: `import './core/state.ts';`,
        [`${manager}/broker.ts`]: `import './peers/reception.ts';`,
      }),
    ).toEqual([]);
  });

  test('an upward import is reported', () => {
    expect(
      breaches({
        [`${manager}/engine/core/state.ts`]: `import type { X } from '../turn.ts';`,
      }),
    ).toEqual([
      `${manager}/engine/core/state.ts imports ${manager}/engine/turn.ts, which is in a room above it`,
    ]);
  });

  test('an import of a file outside all rooms is reported', () => {
    expect(breaches({ [`${manager}/door/server.ts`]: `import '../broker.ts';` })).toHaveLength(1);
  });

  test('a file that is listed has its own floor', () => {
    const worker = 'packages/worker/src';
    expect(
      breaches({ [`${worker}/handlers/task-log.ts`]: `import { tuning } from '../tuning.ts';` }),
    ).toEqual([]);
    expect(breaches({ [`${worker}/tuning.ts`]: `import './handlers/task-log.ts';` })).toEqual([
      `${worker}/tuning.ts imports ${worker}/handlers/task-log.ts, which is in a room above it`,
    ]);
  });

  test('a folder that the list of rooms lacks is reported', () => {
    expect(breaches({ [`${manager}/attic/a.ts`]: '' })).toEqual([
      `${manager}/attic is a room without a floor: list it in test/architecture/rooms.ts`,
    ]);
  });
});

describe('circles', () => {
  test('a circle of two files is reported', () => {
    expect(
      breaches({
        'packages/protocol/src/a.ts': `import { b } from './b.ts';`,
        'packages/protocol/src/b.ts': `export { a } from './a.ts';`,
      }),
    ).toEqual([
      'a circle: packages/protocol/src/a.ts -> packages/protocol/src/b.ts -> packages/protocol/src/a.ts',
    ]);
  });

  test('a circle of types only, through the package itself, is reported', () => {
    expect(
      breaches({
        'packages/protocol/src/index.ts': `export { type A } from './a.ts';`,
        'packages/protocol/src/a.ts': `import type { B } from './b.ts';`,
        'packages/protocol/src/b.ts': `import type { A } from '@millrace/protocol';`,
      }),
    ).toHaveLength(1);
  });

  test('two paths to one file are not a circle', () => {
    expect(
      breaches({
        'packages/protocol/src/a.ts': `import './b.ts'; import './c.ts';`,
        'packages/protocol/src/b.ts': `import './c.ts';`,
        'packages/protocol/src/c.ts': '',
      }),
    ).toEqual([]);
  });
});

describe('inside the manager', () => {
  test.each([
    `import { readFileSync } from 'node:fs';`,
    `const now = Date.now();`,
    `const now = new Date();`,
    `const now = performance.now();`,
    `const id = Math.random();`,
    `const later = setTimeout;`,
    `setImmediate(next);`,
    `const key = process.env['KEY'];`,
    `await fetch(url);`,
  ])('the core may not contain: %s', (text) => {
    expect(breaches({ [core]: text })).toHaveLength(1);
  });

  test('the core may use the same words in comments, strings and names of its own', () => {
    const text = `
      // Date.now() is read by the caller
      const text = 'process.exit(1)';
      this.process.start(now.monotonicMs, this.#fetch());
    `;
    expect(breaches({ [core]: text })).toEqual([]);
  });

  test('only transitions.ts changes a task', () => {
    const folder = 'packages/manager/src/engine/core';
    const text = `import { MutableTask } from './task.ts'; move(task, 'lease');`;
    expect(breaches({ [`${folder}/transitions.ts`]: text })).toEqual([]);
    expect(breaches({ [`${folder}/load.ts`]: text })).toHaveLength(2);
  });

  test('only turn.ts schedules work for the end of a turn', () => {
    const text = 'clock.endOfTurn(run); queueMicrotask(run);';
    expect(breaches({ 'packages/manager/src/engine/turn.ts': text })).toEqual([]);
    expect(breaches({ 'packages/manager/src/waiting/room.ts': text })).toHaveLength(1);
  });

  test('a command may not import the store or the socket', () => {
    expect(
      breaches({
        'packages/manager/src/commands/enqueue.ts': `import { open } from 'lmdb'; import 'ws';`,
      }),
    ).toHaveLength(2);
  });

  test('only the wiring imports a journal', () => {
    const text = `import { LmdbJournal } from './lmdb-journal.ts';`;
    const folder = 'packages/manager/src';
    expect(breaches({ [`${folder}/manager.ts`]: text })).toEqual([]);
    expect(breaches({ [`${folder}/lmdb-journal.test.ts`]: text })).toEqual([]);
    expect(breaches({ [`${folder}/engine/store/disk/disk-journal.ts`]: text })).toEqual([]);
    expect(breaches({ [`${folder}/engine/core/state.ts`]: text })).toHaveLength(1);
    expect(breaches({ [`${folder}/door/server.ts`]: text })).toHaveLength(1);
  });
});

describe('reading imports', () => {
  test.each<[string, string[]]>([
    [`import 'a';`, ['a']],
    [`import a, { b as c, type D } from "a";`, ['a']],
    [`import * as a from 'a'`, ['a']],
    [`import {\n  a,\n  b,\n} from 'a';`, ['a']],
    [`export { a } from 'a'; export * as b from 'b';`, ['a', 'b']],
    [`export type { A } from 'a';`, ['a']],
    [`type A = import('a').A; const b = await import(\`b\`);`, ['a', 'b']],
    [`// import 'a';\n/* import 'b'; */ import/* c */'d';`, ['d']],
    [`const text = "import 'a'"; const more = \`import 'b' \${await import('c')}\`;`, ['c']],
    [`const quote = /['"\`]/; import 'a';`, ['a']],
    [`const half = total / 2; import 'a'; const third = total / 3;`, ['a']],
    [`const here = import.meta.dirname; module.import('a'); await import(name);`, []],
    [`export const a = 1; export default a; export { a };`, []],
  ])('the imports are found in: %s', (source, expected) => {
    expect(importsOf(source)).toEqual(expected);
  });

  test('code is read without comments and without the contents of strings', () => {
    expect(codeOf(`const a = 'b'; // c\nreturn typeof a;`)).toBe(`const a='';return typeof a;`);
  });
});
