import { expect, test } from 'vitest';
import { verbs } from '../engine/core/verbs/table.ts';
import { commands } from './command-table.ts';

const rightOfVerb = new Map(Object.entries(verbs).map(([name, { right }]) => [name, right]));
const rights = new Set(rightOfVerb.values());

test.each(Object.entries(commands))(
  '%s needs a right, which is that of its verb',
  (name, { right }) => {
    expect(rights).toContain(right);
    expect(rightOfVerb.get(name) ?? right).toBe(right);
  },
);
