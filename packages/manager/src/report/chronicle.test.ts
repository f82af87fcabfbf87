import type { Finding, Log } from '@millrace/protocol';
import { beforeEach, expect, test } from 'vitest';
import { engineWith } from '../testing/engine-with.ts';
import { Chronicle } from './chronicle.ts';

let lines: string[];
let chronicle: Chronicle;

/** Like that of a manager its methods need their `this`. */
class LineLog implements Log {
  info(_fields: object, message: string): void {
    this.#write(`info ${message}`);
  }

  warn(_fields: object, message: string): void {
    this.#write(`warn ${message}`);
  }

  error(fields: object, message: string): void {
    this.#write(`error ${message} ${JSON.stringify(fields)}`);
  }

  #write(line: string): void {
    lines.push(line);
  }
}

const finding = (severity: Finding['severity']): Finding => ({
  severity,
  kind: 'queue-unhandled',
  subject: 'mail',
  message: 'nobody handles mail',
  command: 'millrace queue show mail',
});

beforeEach(() => {
  lines = [];
  const info = { queue: 'mail', name: 'send', failures: 5, losses: 0 };
  chronicle = new Chronicle(
    new LineLog(),
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the chronicle reads of it
    engineWith({ inspect: async () => info as never }),
  );
});

test('a finding is logged when it begins, when it gets worse, and when it is over', () => {
  expect(() => chronicle.found([finding('warning')])).not.toThrow();
  chronicle.found([finding('warning')]);
  expect(lines.splice(0)).toEqual(['warn nobody handles mail']);
  chronicle.found([finding('critical')]);
  expect(lines.splice(0)).toEqual([
    'error nobody handles mail {"kind":"queue-unhandled","subject":"mail","command":"millrace queue show mail"}',
  ]);
  chronicle.found([]);
  chronicle.found([]);
  expect(lines).toEqual(['info resolved: nobody handles mail']);
});

test('each task name that no worker handles has lines of its own', () => {
  const urgent = { ...finding('critical'), taskName: 'send', message: 'nobody sends' };
  const other = { ...finding('warning'), taskName: 'read', message: 'nobody reads' };
  chronicle.found([urgent, other]);
  expect(lines.splice(0)).toEqual([
    expect.stringContaining('error nobody sends'),
    'warn nobody reads',
  ]);
  chronicle.found([other]);
  expect(lines).toEqual(['info resolved: nobody sends']);
});

test('a dead task is logged with its queue, name and error, without its payload', async () => {
  const error = { name: 'TypeError', message: 'no such pixel\nat all', stack: 'at x', retry: true };
  chronicle.finished([
    { taskId: 't1', state: 'succeeded', result: new Uint8Array(3), error: undefined },
    { taskId: 't2', state: 'dead', result: undefined, error },
  ]);
  await expect
    .poll(() => lines)
    .toEqual([
      'error a task is dead: TypeError: no such pixel {"queue":"mail","name":"send","task":"t2","failures":5,"losses":0}',
    ]);
});

test('refused peers have ten lines a minute at most', () => {
  for (let n = 0; n < 1_000; n++) {
    chronicle.refused('10.0.0.1:5', new Error('no'), n);
  }
  expect(lines).toHaveLength(10);
  expect(lines.at(-1)).toContain('many peers are refused');
  chronicle.refused('10.0.0.1:5', new Error('no'), 70_000);
  expect(lines).toHaveLength(11);
});
