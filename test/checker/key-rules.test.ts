import { describe, expect, test } from 'vitest';
import { check, type FailureClass } from './checker.ts';
import type { HistoryEvent, SubmittedKey } from './history.ts';

const first = { epoch: 1, grant: 1 };
const second = { epoch: 1, grant: 2 };

const finished: SubmittedKey = { name: 'k', holds: 'until finished' };
const latest: SubmittedKey = { name: 'k', holds: 'until granted' };

const submit = (task: string, key: SubmittedKey): HistoryEvent => ({
  kind: 'submit',
  task,
  client: 'client',
  what: 'task',
  mayExpire: false,
  key,
});
const isNew = (task: string): HistoryEvent => ({ kind: 'submitted', task, how: 'ok' });
const joins = (task: string, joined: string): HistoryEvent => ({
  kind: 'submitted',
  task,
  how: 'ok',
  joined,
});
const granted = (task: string, token = first): HistoryEvent => ({ kind: 'granted', task, token });
const start = (task: string, input: string, token = first): HistoryEvent => ({
  kind: 'start',
  task,
  worker: 'worker',
  run: `${task} with ${input}`,
  token,
  input,
});
const settled = (task: string, answer: string, token = first): HistoryEvent => ({
  kind: 'settled',
  task,
  token,
  as: 'succeeded',
  answer,
});
/** A run with an input succeeds, and its result is seen. */
const succeeds = (task: string, input: string, token = first): HistoryEvent[] => [
  start(task, input, token),
  {
    kind: 'end',
    task,
    worker: 'worker',
    run: `${task} with ${input}`,
    token,
    how: 'succeeded',
    value: `${task} with ${input}`,
  },
  settled(task, 'accepted', token),
  {
    kind: 'visible',
    task,
    reader: 'client',
    outcome: 'succeeded',
    value: `${task} with ${input}`,
  },
];
const drained: HistoryEvent = { kind: 'drained' };
const stepped: HistoryEvent = {
  kind: 'fault',
  fault: 'step wall',
  target: '0',
  on: true,
};

/** The failures of a history in which a millisecond passes before each event. */
const classesOf = (...events: readonly HistoryEvent[]): FailureClass[] =>
  check(events.map((event, index) => ({ ...event, atMs: index + 1 }))).failures.map(
    (failure) => failure.class,
  );

describe('a key until its task has ended', () => {
  test('makes the same work new once it is free', () => {
    expect(
      classesOf(
        submit('t1', finished),
        isNew('t1'),
        granted('t1'),
        ...succeeds('t1', 't1'),
        submit('t2', finished),
        isNew('t2'),
        granted('t2'),
        ...succeeds('t2', 't2'),
        drained,
      ),
    ).toEqual([]);
  });

  test('done twice: a task is granted, or its success is accepted, after another was new', () => {
    const both = [submit('t1', finished), submit('t2', finished), isNew('t1'), isNew('t2')];
    expect(classesOf(...both, granted('t1'), granted('t2'))).toEqual(['done twice']);
    const running = [submit('t1', finished), isNew('t1'), granted('t1'), submit('t2', finished)];
    const late = [settled('t1', 'accepted'), granted('t2', second)];
    expect(classesOf(...running, isNew('t2'), ...late)).toEqual(['done twice']);
    expect(classesOf(...running, settled('t1', 'accepted'), isNew('t2'), granted('t2'))).toEqual(
      [],
    );
  });

  test('is not judged where the first task may have ended before', () => {
    const both = [submit('t1', finished), submit('t2', finished), isNew('t1'), isNew('t2')];
    expect(classesOf(...both, granted('t2'))).toEqual([]);
    const other = { ...finished, name: 'other' };
    expect(
      classesOf(submit('t1', finished), submit('t2', other), ...both.slice(2), granted('t1')),
    ).toEqual([]);
  });
});

describe('a key for a time', () => {
  const timed: SubmittedKey = { name: 'k', holds: 5 };
  const later = [submit('t2', timed), isNew('t2')];

  test('done twice: an enqueue in that time is new', () => {
    expect(classesOf(submit('t1', timed), isNew('t1'), ...later)).toEqual(['done twice']);
  });

  test('is not judged when that time may be over, or a clock was stepped', () => {
    const between = [granted('t1'), ...succeeds('t1', 't1')];
    expect(classesOf(submit('t1', timed), isNew('t1'), ...between, ...later)).toEqual([]);
    expect(classesOf(submit('t1', timed), stepped, isNew('t1'), ...later)).toEqual([]);
  });
});

describe('an enqueue that made no task', () => {
  const made = [submit('t1', finished), isNew('t1')];

  test('is answered with a task that exists and has its key', () => {
    const joined = [submit('t2', finished), joins('t2', 't1')];
    const ran = [granted('t1'), ...succeeds('t1', 't1')];
    expect(classesOf(...made, ...joined, ...ran, drained)).toEqual([]);
  });

  test('joined nothing: the task does not exist, has another key, or is one of two', () => {
    const ran = [granted('t1'), ...succeeds('t1', 't1')];
    const join = joins('t2', 't1');
    expect(classesOf(submit('t2', finished), join, drained)).toEqual(['joined nothing']);
    const other = submit('t2', { ...finished, name: 'other' });
    expect(classesOf(...made, other, join, ...ran, drained)).toEqual(['joined nothing']);
    const twice = [submit('t2', finished), join, granted('t2', second)];
    expect(classesOf(...made, ...ran, ...twice, drained)).toEqual(['joined nothing']);
  });
});

describe('a key whose last input counts', () => {
  const made = [submit('t1', latest), isNew('t1')];
  const joined = [submit('t2', latest), joins('t2', 't1')];

  test('gives the run the last input that was acknowledged, or a later one', () => {
    expect(classesOf(...made, ...joined, granted('t1'), ...succeeds('t1', 't2'))).toEqual([]);
    const unanswered = [submit('t3', latest), granted('t1'), ...succeeds('t1', 't3')];
    expect(classesOf(...made, ...joined, ...unanswered)).toEqual([]);
  });

  test('is not judged between inputs that were sent at the same time', () => {
    const together = [submit('t1', latest), submit('t2', latest), isNew('t1'), joins('t2', 't1')];
    expect(classesOf(...together, granted('t1'), ...succeeds('t1', 't1'))).toEqual([]);
  });

  test('stale input: a run has an input that was replaced before its grant', () => {
    expect(classesOf(...made, ...joined, granted('t1'), start('t1', 't1'))).toEqual([
      'stale input',
    ]);
  });

  test('stale input: the result is of an input that was replaced, even after its grant', () => {
    const early = [granted('t1'), start('t1', 't1')];
    expect(classesOf(...made, ...early, ...joined)).toEqual([]);
    const result = succeeds('t1', 't1').slice(1);
    expect(classesOf(...made, ...early, ...joined, ...result)).toEqual(['stale input']);
  });

  test('done twice: two tasks are new, and neither was granted', () => {
    const other = [submit('t2', latest), isNew('t2')];
    expect(classesOf(...made, ...other, granted('t1'), granted('t2'))).toEqual(['done twice']);
    expect(classesOf(...made, granted('t1'), ...other, granted('t2'))).toEqual([]);
  });
});
