import { describe, expect, test } from 'vitest';
import { check, type FailureClass } from './checker.ts';
import type { HistoryEvent, Recorded } from './history.ts';

const first = { epoch: 1, grant: 1 };
const second = { epoch: 1, grant: 2 };

/** A history in which a millisecond passes before each event. */
const history = (...events: readonly HistoryEvent[]): Recorded[] =>
  events.map((event, index) => ({ ...event, atMs: index + 1 }));

const submit = (task: string, what: 'task' | 'item' | 'probe' = 'task'): HistoryEvent => ({
  kind: 'submit',
  task,
  client: 'client',
  what,
  mayExpire: false,
});
const told = (task: string, how: 'ok' | 'fail' | 'info' | 'unanswered'): HistoryEvent => ({
  kind: 'submitted',
  task,
  how,
});
const granted = (task: string, token = first): HistoryEvent => ({ kind: 'granted', task, token });
const start = (task: string, run: string, token = first): HistoryEvent => ({
  kind: 'start',
  task,
  worker: 'worker',
  run,
  token,
});
const end = (task: string, run: string, how: string, token = first): HistoryEvent => ({
  kind: 'end',
  task,
  worker: 'worker',
  run,
  token,
  how,
  ...(how === 'succeeded' ? { value: run } : {}),
});
const settled = (task: string, as: string, answer: string, token = first): HistoryEvent => ({
  kind: 'settled',
  task,
  token,
  as,
  answer,
});
const visible = (task: string, value: string, reader = 'client'): HistoryEvent => ({
  kind: 'visible',
  task,
  reader,
  outcome: 'succeeded',
  value,
});
const stored = (
  task: string,
  state: 'ready' | 'leased' | 'succeeded' | 'dead',
  value?: string,
): HistoryEvent => ({ kind: 'stored', task, state, value });
const fault = (on: boolean): HistoryEvent => ({
  kind: 'fault',
  fault: 'crash worker',
  target: '0',
  on,
});
const taken = (task: string, isKept = true): HistoryEvent => ({
  kind: 'taken',
  task,
  reader: 'client',
  isKept,
});
const kept = (kind: 'acknowledge' | 'refused' | 'removed', reader = 'client'): HistoryEvent => ({
  kind,
  task: 'i1',
  reader,
});
const healed: HistoryEvent = { kind: 'healed' };
const drained: HistoryEvent = { kind: 'drained' };

/** A task that runs once and whose outcome is seen. */
const ordinary = (task: string): HistoryEvent[] => [
  submit(task),
  told(task, 'ok'),
  granted(task),
  start(task, `${task}#1`),
  end(task, `${task}#1`, 'succeeded'),
  settled(task, 'succeeded', 'accepted'),
  visible(task, `${task}#1`),
];

const classesOf = (...events: readonly HistoryEvent[]): FailureClass[] =>
  check(history(...events)).failures.map((failure) => failure.class);

describe('a correct history passes', () => {
  test('tasks run once and are seen, an item is taken, and a task is refused', () => {
    expect(
      classesOf(
        ...ordinary('t1'),
        ...ordinary('t2'),
        submit('i1', 'item'),
        told('i1', 'ok'),
        taken('i1'),
        submit('t3'),
        told('t3', 'fail'),
        healed,
        drained,
        visible('t1', 't1#1', 'reader'),
        stored('t1', 'succeeded', 't1#1'),
      ),
    ).toEqual([]);
  });

  test('a late acknowledgement of an item that another consumer removed is refused', () => {
    expect(
      classesOf(
        submit('i1', 'item'),
        told('i1', 'ok'),
        taken('i1', false),
        taken('i1', false),
        kept('acknowledge', 'other'),
        kept('removed', 'other'),
        kept('acknowledge'),
        kept('refused'),
        drained,
      ),
    ).toEqual([]);
  });

  test('a paused consumer reads its grant after another consumer removed the item', () => {
    expect(
      classesOf(
        submit('i1', 'item'),
        told('i1', 'ok'),
        granted('i1'),
        granted('i1', second),
        taken('i1', false),
        kept('acknowledge', 'other'),
        kept('removed', 'other'),
        taken('i1'),
        drained,
      ),
    ).toEqual([]);
  });

  test('an item whose acknowledgement was never answered may be gone', () => {
    expect(
      classesOf(
        submit('i1', 'item'),
        told('i1', 'ok'),
        taken('i1', false),
        kept('acknowledge'),
        drained,
      ),
    ).toEqual([]);
  });

  test('a task whose worker crashed runs again and counts as re-executed', () => {
    const verdict = check(
      history(
        submit('t1'),
        told('t1', 'ok'),
        granted('t1'),
        start('t1', 'a'),
        fault(true),
        granted('t1', second),
        start('t1', 'b', second),
        end('t1', 'b', 'succeeded', second),
        settled('t1', 'succeeded', 'accepted', second),
        visible('t1', 'b'),
        drained,
      ),
    );
    expect(verdict.failures).toEqual([]);
    expect(verdict.counts).toEqual({ 're-executed': 1, redelivered: 0, recovered: 0 });
  });

  test('a run after a failed attempt does not count as re-executed', () => {
    const verdict = check(
      history(
        submit('t1'),
        told('t1', 'ok'),
        granted('t1'),
        start('t1', 'a'),
        end('t1', 'a', 'failed'),
        settled('t1', 'failed', 'accepted'),
        granted('t1', second),
        start('t1', 'b', second),
        end('t1', 'b', 'succeeded', second),
        settled('t1', 'succeeded', 'accepted', second),
        visible('t1', 'b'),
        drained,
      ),
    );
    expect(verdict.failures).toEqual([]);
    expect(verdict.counts['re-executed']).toBe(0);
  });

  test('a run that begins late, under a grant that was fenced meanwhile, is no second run', () => {
    expect(
      classesOf(
        submit('t1'),
        granted('t1'),
        { kind: 'fenced', task: 't1', token: first },
        granted('t1', second),
        start('t1', 't1#1', second),
        start('t1', 't1#2', first),
        end('t1', 't1#1', 'succeeded', second),
        settled('t1', 'succeeded', 'accepted', second),
        visible('t1', 't1#1'),
      ),
    ).toEqual([]);
  });

  test('a task that was fenced at its deadline may run again', () => {
    expect(
      classesOf(
        submit('t1'),
        told('t1', 'ok'),
        granted('t1'),
        start('t1', 'a'),
        { kind: 'fenced', task: 't1', token: first },
        granted('t1', second),
        start('t1', 'b', second),
        end('t1', 'a', 'succeeded'),
        settled('t1', 'succeeded', 'LEASE_LOST'),
        end('t1', 'b', 'succeeded', second),
        settled('t1', 'succeeded', 'accepted', second),
        visible('t1', 'b'),
      ),
    ).toEqual([]);
  });

  test('a task whose producer got no answer counts as recovered when its outcome is seen', () => {
    const unknown = ordinary('t1').map((event) =>
      event.kind === 'submitted' ? told('t1', 'info') : event,
    );
    const verdict = check(history(...unknown, drained));
    expect(verdict.failures).toEqual([]);
    expect(verdict.counts.recovered).toBe(1);
  });

  test('an outcome that one reader sees twice counts as redelivered', () => {
    const verdict = check(history(...ordinary('t1'), visible('t1', 't1#1')));
    expect(verdict.failures).toEqual([]);
    expect(verdict.counts.redelivered).toBe(1);
  });
});

describe('each defect has its class', () => {
  test('lost: a task was acknowledged, its outcome was not seen, and the store lacks it', () => {
    expect(classesOf(submit('t1'), told('t1', 'ok'), drained)).toEqual(['lost']);
  });

  test('lost: an item was acknowledged, nobody kept it, and the store lacks it', () => {
    expect(classesOf(submit('i1', 'item'), told('i1', 'ok'), taken('i1', false), drained)).toEqual([
      'lost',
    ]);
  });

  test('lost: an item is gone although its removal was refused', () => {
    expect(
      classesOf(
        submit('i1', 'item'),
        told('i1', 'ok'),
        taken('i1', false),
        kept('acknowledge'),
        kept('refused'),
        drained,
      ),
    ).toEqual(['lost']);
  });

  test('stuck: a task was acknowledged and is still ready at the end', () => {
    expect(
      classesOf(submit('t1'), told('t1', 'ok'), healed, drained, stored('t1', 'ready')),
    ).toEqual(['stuck']);
  });

  test('stuck: a producer was never answered', () => {
    expect(classesOf(submit('t1'), told('t1', 'unanswered'), drained)).toEqual(['stuck']);
  });

  test('phantom: a task that nobody submitted has a result', () => {
    expect(classesOf(start('t1', 'a'), end('t1', 'a', 'succeeded'), visible('t1', 'a'))).toEqual([
      'phantom',
    ]);
  });

  test('phantom: no run produced the result', () => {
    const events = ordinary('t1').map((event) =>
      event.kind === 'visible' ? visible('t1', 'something else') : event,
    );
    expect(classesOf(...events)).toEqual(['phantom']);
  });

  test('phantom: a task is cancelled although nobody cancelled it', () => {
    expect(
      classesOf(submit('t1'), told('t1', 'ok'), {
        kind: 'visible',
        task: 't1',
        reader: 'client',
        outcome: 'cancelled',
        value: undefined,
      }),
    ).toEqual(['phantom']);
  });

  test('duplicate: two readers see two results', () => {
    expect(
      classesOf(
        ...ordinary('t1'),
        fault(true),
        start('t1', 'b', second),
        end('t1', 'b', 'succeeded', second),
        visible('t1', 'b', 'reader'),
      ),
    ).toEqual(['duplicate']);
  });

  test('duplicate: the store has another outcome than the one that was seen', () => {
    expect(classesOf(...ordinary('t1'), drained, stored('t1', 'dead'))).toEqual(['duplicate']);
  });

  test('resurrected: a task was refused and has a result', () => {
    const refused = ordinary('t1').map((event) =>
      event.kind === 'submitted' ? told('t1', 'fail') : event,
    );
    expect(classesOf(...refused)).toEqual(['resurrected']);
  });

  test('resurrected: a removed item is granted again', () => {
    expect(
      classesOf(
        submit('i1', 'item'),
        told('i1', 'ok'),
        granted('i1'),
        taken('i1', false),
        kept('acknowledge'),
        kept('removed'),
        granted('i1', second),
      ),
    ).toEqual(['resurrected']);
  });

  test('stale accepted: a report is accepted after its grant was fenced', () => {
    const fencedGrant: HistoryEvent = { kind: 'fenced', task: 't1', token: first };
    expect(
      classesOf(submit('t1'), granted('t1'), fencedGrant, settled('t1', 'succeeded', 'accepted')),
    ).toContain('stale accepted');
  });

  test('stale accepted: a report is accepted under a token that is not the last granted', () => {
    expect(
      classesOf(
        submit('t1'),
        told('t1', 'ok'),
        granted('t1'),
        start('t1', 'a'),
        fault(true),
        granted('t1', second),
        end('t1', 'a', 'succeeded'),
        settled('t1', 'succeeded', 'accepted', first),
        visible('t1', 'a'),
      ),
    ).toEqual(['stale accepted']);
  });

  test('token returned: a token is granted twice', () => {
    expect(classesOf(submit('t1'), told('t1', 'ok'), granted('t1'), granted('t1'))).toEqual([
      'token returned',
    ]);
  });

  test('vanished: an outcome was visible, and later the task is unknown', () => {
    expect(classesOf(...ordinary('t1'), { kind: 'unknown', task: 't1', reader: 'reader' })).toEqual(
      ['vanished'],
    );
  });

  test('spurious re-run: a task runs a second time without a fault', () => {
    expect(
      classesOf(
        submit('t1'),
        told('t1', 'ok'),
        granted('t1'),
        start('t1', 'a'),
        granted('t1', second),
        start('t1', 'b', second),
        end('t1', 'b', 'succeeded', second),
        settled('t1', 'succeeded', 'accepted', second),
        visible('t1', 'b'),
      ),
    ).toEqual(['spurious re-run']);
  });

  test('spurious re-run: a task is granted after its success was accepted, even after a fault', () => {
    expect(classesOf(fault(true), ...ordinary('t1'), granted('t1', second))).toEqual([
      'spurious re-run',
    ]);
  });

  test('slow recovery: probes do not finish promptly after the faults', () => {
    const probes = Array.from({ length: 10 }, (_, index) => ordinary(`p${index}`));
    const asProbes = probes
      .slice(0, 8)
      .flat()
      .map((event) => (event.kind === 'submit' ? submit(event.task, 'probe') : event));
    const waiting = [submit('p8', 'probe'), submit('p9', 'probe')];
    expect(classesOf(fault(true), healed, ...asProbes, ...waiting)).toEqual(['slow recovery']);
  });
});

describe('the end of a lease', () => {
  const bounded = (task: string, deadlineMs: number): HistoryEvent => ({
    kind: 'submit',
    task,
    client: 'client',
    what: 'task',
    mayExpire: false,
    deadlineMs,
  });
  const fenced = (task: string): HistoryEvent => ({ kind: 'fenced', task, token: first });
  const dead = (task: string): HistoryEvent => ({
    kind: 'visible',
    task,
    reader: 'client',
    outcome: 'dead',
    value: undefined,
  });

  test('resurrected: a task is granted after its cancellation was confirmed', () => {
    expect(
      classesOf(
        submit('t1'),
        granted('t1'),
        { kind: 'cancelled', task: 't1' },
        settled('t1', 'failed', 'accepted'),
        granted('t1', second),
      ),
    ).toEqual(['resurrected']);
  });

  test('early fence: a task is fenced before its deadline, not after it', () => {
    expect(classesOf(bounded('t1', 5), granted('t1'), fenced('t1'))).toEqual(['early fence']);
    expect(classesOf(bounded('t1', 1), granted('t1'), fenced('t1'))).toEqual([]);
  });

  test('undeserved death: a task is dead without a failure or three lost workers', () => {
    const grant = (n: number): HistoryEvent => granted('t1', { epoch: 1, grant: n });
    expect(classesOf(submit('t1'), grant(1), grant(2), dead('t1'))).toEqual(['undeserved death']);
    expect(classesOf(submit('t1'), grant(1), grant(2), grant(3), dead('t1'))).toEqual([]);
    const failed = settled('t1', 'failed', 'accepted');
    expect(classesOf(submit('t1'), grant(1), failed, dead('t1'))).toEqual([]);
  });

  test('dealt while paused: a task is granted from a paused queue, not from another', () => {
    const paused: HistoryEvent = { kind: 'paused', queue: 'q' };
    const resume: HistoryEvent = { kind: 'resume', queue: 'q' };
    const from = (queue: string): HistoryEvent => ({
      kind: 'granted',
      task: 't1',
      token: first,
      queue,
    });
    const until = [settled('t1', 'succeeded', 'accepted')];
    const classes = (...events: readonly HistoryEvent[]): unknown =>
      classesOf(submit('t1'), ...events, ...until);
    expect(classes(paused, from('q'), resume)).toEqual(['dealt while paused']);
    expect(classes(paused, from('other'), resume)).toEqual([]);
    expect(classes(paused, resume, from('q'))).toEqual([]);
    expect(classes(from('q'), paused, resume)).toEqual([]);
  });
});
