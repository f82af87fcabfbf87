import { expect, test } from 'vitest';
import { DiskFile, type OpenFile } from './log-file.ts';

/** A file of 8 bytes; each write takes as many bytes as the test says. */
const fileWith = (takes: readonly number[], failing: Partial<OpenFile> = {}) => {
  const stored = Buffer.alloc(8);
  const left = [...takes];
  const file = new DiskFile(
    {
      read: async () => ({ bytesRead: 0 }),
      write: async (from, offset, bytes, at) => {
        const bytesWritten = Math.min(bytes, left.shift() ?? 0);
        stored.set(from.subarray(offset, offset + bytesWritten), at);
        return { bytesWritten };
      },
      datasync: async () => {},
      truncate: async () => {},
      sync: async () => {},
      close: async () => {},
      ...failing,
    },
    stored.length,
  );
  return { file, stored };
};

const fails = async (): Promise<void> => {
  throw new Error('EIO');
};

test('a write that the disk takes in pieces is completed', async () => {
  const { file, stored } = fileWith([1, 2, 3]);
  await file.write(Buffer.from('abcdef'), 1);
  expect(stored.toString()).toBe('\0abcdef\0');
});

test('a write fails when the disk takes no more bytes', async () => {
  const { file } = fileWith([2, 0]);
  await expect(file.write(Buffer.from('abcdef'), 4)).rejects.toThrow('2 of 6 bytes');
  expect(file.sizeBytes).toBe(8);
});

test.each(['truncate', 'sync'] as const)('a file whose %s fails keeps its size', async (step) => {
  const { file } = fileWith([], { [step]: fails });
  await expect(file.shrink(4)).rejects.toThrow('EIO');
  expect(file.sizeBytes).toBe(8);
});
