import type { Engine } from '@millrace/manager/internals';
import { decodePayload, type NewTask } from '@millrace/protocol';
import type { Recorder } from './recorder.ts';

/** The key that the producer of a task or item put into its payload. */
export const keyOfPayload = (payload: Uint8Array): string | undefined => {
  const value = decodePayload(payload, 'a payload of the simulation');
  return typeof value === 'object' &&
    value !== null &&
    'key' in value &&
    typeof value.key === 'string'
    ? value.key
    : undefined;
};

/** An engine that records every grant and every report. */
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
    ...engine,
    get epoch() {
      return engine.epoch;
    },
    get hasFailed() {
      return engine.hasFailed;
    },
    get isSettled() {
      return engine.isSettled;
    },
    close: () => engine.close(),
    ticket: (sessionId, keyId) => engine.ticket(sessionId, keyId),
    hurry: () => engine.hurry(),
    report: () => engine.report(),
    audit: () => engine.audit(),
    auditMemory: () => engine.auditMemory(),
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
    enqueue(requests) {
      for (const tasks of requests) {
        learn(tasks);
      }
      return engine.enqueue(requests);
    },
    claim(requests) {
      const dealt = engine.claim(requests);
      for (const [index, grants] of dealt.entries()) {
        for (const { epoch, grant, handle, taskId } of grants) {
          const { queue = '', version = 1 } = requests[index]?.handles.list[handle] ?? {};
          const task = recorder.keyOf(taskId);
          recorder.record({ kind: 'granted', task, token: { epoch, grant }, queue, version });
        }
      }
      return dealt;
    },
    async settle(request) {
      // The core decides now; the answer comes when the decision is durable.
      const decisions = request.reports.map(({ epoch, error, grant, kind, taskId }) =>
        recorder.reserve({
          kind: 'settled',
          task: recorder.keyOf(taskId),
          token: { epoch, grant },
          as: kind,
          answer: 'pending',
          ...(error?.retry === false ? { isFinal: true } : {}),
        }),
      );
      const answers = await engine.settle(request);
      for (const [index, decide] of decisions.entries()) {
        decide(answers[index] ?? 'none');
      }
      return answers;
    },
  };
};
