import { afterEach, describe, expect } from 'vitest';
import { type EngineKind, EngineStage, engineKinds, type StageOptions } from './engine-stage.ts';

/** Opens the stage of a test, with the sessions `a` and `b`. */
export type Open = (options?: StageOptions) => Promise<EngineStage>;

/**
 * Runs tests once on each journal. After each test memory and journal must agree,
 * unless the test made the store fail.
 */
export const onEachEngine = (what: string, tests: (open: Open, kind: EngineKind) => void): void => {
  describe.each(engineKinds)(`${what}, on the %s journal`, (kind) => {
    let stage: EngineStage | undefined;

    afterEach(async () => {
      const breaches = stage?.told.failures.length === 0 ? await stage.audit() : [];
      await stage?.end();
      stage = undefined;
      expect(breaches).toEqual([]);
    });

    tests(async (options = {}) => {
      stage = await EngineStage.open(kind, options);
      stage.sessions('a', 'b');
      return stage;
    }, kind);
  });
};
