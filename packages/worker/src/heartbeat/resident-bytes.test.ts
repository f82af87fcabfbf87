import { afterEach, expect, test, vi } from 'vitest';
import { residentBytes } from './resident-bytes.ts';

afterEach(() => vi.restoreAllMocks());

test('a process without a free descriptor tells the memory that it last knew', () => {
  vi.spyOn(process.memoryUsage, 'rss').mockReturnValueOnce(4_711);
  expect(residentBytes()).toBe(4_711);
  vi.spyOn(process.memoryUsage, 'rss').mockImplementation(() => {
    throw new Error('EMFILE: too many open files, uv_resident_set_memory');
  });
  expect(residentBytes()).toBe(4_711);
});
