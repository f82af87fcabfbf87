import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { limits } from '@millrace/protocol';
import { loadHandlers } from '@millrace/worker';
import { describe, expect, test, vi } from 'vitest';
import { refusalOf } from '../support/fixtures/refusal.ts';
import { followFakeTimers } from '../support/follow-fake-timers.ts';

const module = (name: string): URL =>
  new URL(`../support/fixtures/modules/${name}`, import.meta.url);

const bound = async (source: string | URL): Promise<string[]> =>
  (await loadHandlers(source)).bindings.map(({ task }) => `${task.queue}/${task.name}`);

describe('a handler module', () => {
  test('is found by URL and by path', async () => {
    const expected = ['images/a', 'images/b', 'images/c', 'images/d'];
    expect(await bound(module('good.mjs'))).toEqual(expected);
    expect(await bound(module('good.mjs').href)).toEqual(expected);
    expect(await bound(fileURLToPath(module('good.mjs')))).toEqual(expected);
  });

  test('may be TypeScript', async () => {
    expect(await bound(module('typed.ts'))).toEqual(['default/typed']);
  });

  test.each([
    ['missing.mjs', 'does not exist'],
    ['throws.mjs', 'cannot be imported: this module is broken'],
    ['wrong-option.mjs', "handler of task 'resize': concurrency must be a whole number"],
    ['no-default.mjs', 'has no default export'],
    ['not-array.mjs', 'is not an array of handlers'],
    ['empty.mjs', 'is empty'],
    ['foreign.mjs', 'has an entry [0] that was not made by handler()'],
    ['twice.mjs', "binds task 'resize' of queue 'images' twice"],
  ])('that is %s is refused in one line: %s', async (name, reason) => {
    const { code, message } = await refusalOf(loadHandlers(module(name)));
    expect(code).toBe('HANDLER_INVALID');
    expect(message).toContain(reason);
    expect(message).toContain(name);
    expect(message).not.toContain('\n');
  });

  test('whose top-level await never settles is refused', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    followFakeTimers();
    const imported = once(process, 'fixture:imported');
    const refusal = refusalOf(loadHandlers(module('never.mjs')));
    await imported;
    vi.advanceTimersByTime(limits.handlerImportMaxMs);
    vi.restoreAllMocks();
    vi.useRealTimers();
    expect(await refusal).toMatchObject({
      code: 'HANDLER_INVALID',
      message: expect.stringMatching(/never\.mjs cannot be imported: .*top-level await/),
    });
  });

  test('is a file', async () => {
    await expect(loadHandlers(new URL('https://example.org/handlers.js'))).rejects.toMatchObject({
      code: 'HANDLER_INVALID',
    });
  });
});
