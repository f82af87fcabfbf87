import { Session } from 'node:inspector';

const textOf = (result: unknown): string | undefined => {
  const value: unknown = Reflect.get(Object(Reflect.get(Object(result), 'result')), 'value');
  return typeof value === 'string' ? value : undefined;
};

/**
 * Evaluates an expression in the main thread, from another thread, and passes its
 * text on. V8 interrupts even an endless loop for it, but no call into the system:
 * then the answer comes when the call returns.
 */
export const askMainThread = (
  expression: string,
  answered: (text: string | undefined) => void,
): void => {
  try {
    const session = new Session();
    session.connectToMainThread();
    session.post('Runtime.evaluate', { expression, returnByValue: true }, (error, result) => {
      session.disconnect();
      answered(error === null ? textOf(result) : undefined);
    });
  } catch {
    answered(undefined);
  }
};
