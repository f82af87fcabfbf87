import type { Engine, NewTask } from '@millrace/manager/internals';
import { decodePayload } from '@millrace/protocol';
import type { Recorder } from './recorder.ts';

/** The name of a piece of work, which its producer put into the payload. */
export const keyOfPayload = (payload: Uint8Array): string | undefined => {
  const value = decodePayload(payload, 'a payload of the simulation');
  return typeof value === 'object' &&
    value !== null &&
    'key' in value &&
    typeof value.key === 'string'
    ? value.key
    : undefined;
};

/** The engine, and a note of every grant and every settlement that passes. */
export const recordingEngine = (engine: Engine, recorder: Recorder): Engine => {
  const learn = (tasks: readonly NewTask[]): void => {
    for (const { payload, taskId } of tasks) {
      const key = keyOfPayload(payload);
      if (key !== undefined) {
        recorder.know(taskId, key);
      }
    }
  };
  return {
    start: (events) =>
      engine.start({
        ...events,
        abort(sessionId, token, reason) {
          const { epoch, grant, taskId } = token;
          if (reason === 'fenced') {
            recorder.record({
              kind: 'fenced',
              task: recorder.keyOf(taskId),
              token: { epoch, grant },
            });
          }
          events.abort(sessionId, token, reason);
        },
      }),
    close: () => engine.close(),
    get epoch() {
      return engine.epoch;
    },
    get hasFailed() {
      return engine.hasFailed;
    },
    declareQueue: (spec) => engine.declareQueue(spec),
    hasQueue: (name) => engine.hasQueue(name),
    ticket: (sessionId, keyId) => engine.ticket(sessionId, keyId),
    openSession: (sessionId) => engine.openSession(sessionId),
    resume: (sessionId, tokens) => engine.resume(sessionId, tokens),
    disconnect: (sessionId, graceMs) => engine.disconnect(sessionId, graceMs),
    endSession: (sessionId) => engine.endSession(sessionId),
    enqueue(requests) {
      for (const tasks of requests) {
        learn(tasks);
      }
      return engine.enqueue(requests);
    },
    async claim(requests) {
      const dealt = await engine.claim(requests);
      for (const [index, grants] of dealt.entries()) {
        for (const { epoch, grant, handle, taskId } of grants) {
          const queue = requests[index]?.handles.list[handle]?.queue ?? '';
          const task = recorder.keyOf(taskId);
          recorder.record({ kind: 'granted', task, token: { epoch, grant }, queue });
        }
      }
      return dealt;
    },
    async settle(sessionId, reports, isAwaited) {
      // The core decides now; the answer comes when it is durable.
      const decisions = reports.map(({ epoch, grant, kind, taskId }) =>
        recorder.reserve({
          kind: 'settled',
          task: recorder.keyOf(taskId),
          token: { epoch, grant },
          as: kind,
          answer: 'pending',
        }),
      );
      const answers = await engine.settle(sessionId, reports, isAwaited);
      for (const [index, decide] of decisions.entries()) {
        decide(answers[index] ?? 'none');
      }
      return answers;
    },
    cancel: (requests) => engine.cancel(requests),
    outcomes: (taskIds) => engine.outcomes(taskIds),
    inspect: (taskId) => engine.inspect(taskId),
    size: (queue) => engine.size(queue),
    list: (request) => engine.list(request),
    retry: (requests) => engine.retry(requests),
    drop: (taskIds) => engine.drop(taskIds),
    setPaused: (queue, isPaused) => engine.setPaused(queue, isPaused),
    purge: (queue, after) => engine.purge(queue, after),
    waitingLanes: () => engine.waitingLanes(),
    lostSessions: () => engine.lostSessions(),
    leaseCount: (sessionId) => engine.leaseCount(sessionId),
    lastHeld: (sessionId) => engine.lastHeld(sessionId),
    report: () => engine.report(),
  };
};
