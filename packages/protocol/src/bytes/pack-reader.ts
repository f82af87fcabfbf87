import { isUtf8 } from 'node:buffer';
import { limits } from '../words/limits.ts';

/** Bounds of the MessagePack that is read. */
export interface PackRules {
  readonly maxDepth: number;
  readonly maxItems: number;
  readonly maps: boolean;
  /** Whether the standard timestamp, extension -1, is allowed. No other extension is. */
  readonly timestamps: boolean;
}

const frameRules: PackRules = {
  maxDepth: limits.frameMaxDepth,
  maxItems: limits.listMaxItems,
  maps: false,
  timestamps: false,
};

const payloadRules: PackRules = {
  maxDepth: limits.payloadMaxDepth,
  maxItems: Number.MAX_SAFE_INTEGER,
  maps: true,
  timestamps: true,
};

const TIMESTAMP_EXTENSION = 0xff;
const DEL = 0x7f;
const TWO_TO_32 = 2 ** 32;

const float = new DataView(new ArrayBuffer(8));

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

/**
 * Reads MessagePack value by value; the caller says which type it expects. A value of
 * another type is skipped and answered by `undefined`, NaN or -1. Declared lengths are
 * checked against the bytes that are there before anything is allocated.
 *
 * Every method throws RangeError or TypeError for bytes that are malformed or not
 * allowed: maps unless the rules say so, and extensions, which can make a codec act.
 */
export class PackReader {
  readonly #bytes: Buffer;
  readonly #rules: PackRules;
  #at = 0;
  /** Levels of nesting that may still be opened. */
  #depthLeft: number;

  constructor(bytes: Uint8Array, rules: PackRules = frameRules) {
    this.#bytes = asBuffer(bytes);
    this.#rules = rules;
    this.#depthLeft = rules.maxDepth;
  }

  /** @throws RangeError unless all bytes were read */
  requireEnd(): void {
    if (this.#at !== this.#bytes.length) {
      throw new RangeError(`${this.#bytes.length - this.#at} bytes after the end`);
    }
  }

  /** Opens a list and returns its number of items, or -1 for anything else. The caller reads the items, then calls `close`. */
  open(): number {
    const type = this.#peek();
    if (type >= 0x90 && type < 0xa0) {
      this.#at += 1;
      this.#enter(type & 0x0f, 1);
      return type & 0x0f;
    }
    if (type === 0xdc || type === 0xdd) {
      this.#at += 1;
      const count = this.#unsigned(type === 0xdc ? 2 : 4);
      this.#enter(count, 1);
      return count;
    }
    this.skip();
    return -1;
  }

  close(): void {
    this.#depthLeft += 1;
  }

  /** Whether the next value is nil; if so, it is read. */
  nil(): boolean {
    if (this.#peek() === 0xc0) {
      this.#at += 1;
      return true;
    }
    return false;
  }

  /** A number of any width; NaN for anything else. */
  number(): number {
    const type = this.#peek();
    if (type < 0x80) {
      this.#at += 1;
      return type;
    }
    if (type >= 0xe0) {
      this.#at += 1;
      return type - 0x100;
    }
    if (type < 0xca || type > 0xd3) {
      this.skip();
      return Number.NaN;
    }
    this.#at += 1;
    return this.#wideNumber(type);
  }

  boolean(): boolean | undefined {
    const type = this.#peek();
    if (type === 0xc2 || type === 0xc3) {
      this.#at += 1;
      return type === 0xc3;
    }
    this.skip();
    return undefined;
  }

  /** UTF-8 text of at most `maxBytes`. */
  text(maxBytes: number): string | undefined {
    const length = this.#textLength();
    const start = this.#at - Math.max(length, 0);
    if (length < 0 || length > maxBytes) {
      return undefined;
    }
    const text = this.#bytes.toString('utf8', start, this.#at);
    // Invalid bytes decode to U+FFFD, but U+FFFD may also have been written.
    const isAsWritten = !text.includes('\ufffd') || isUtf8(this.#bytes.subarray(start, this.#at));
    return isAsWritten ? text : undefined;
  }

  /** Printable ASCII without spaces, not empty, of at most `maxBytes`. */
  identifier(maxBytes: number): string | undefined {
    const length = this.#textLength();
    if (length < 1 || length > maxBytes) {
      return undefined;
    }
    const start = this.#at - length;
    for (let i = start; i < this.#at; i++) {
      const byte = this.#bytes[i] ?? 0;
      if (byte <= 0x20 || byte >= DEL) {
        return undefined;
      }
    }
    return this.#bytes.toString('latin1', start, this.#at);
  }

  /** Whether the next value is this text, of at most 31 ASCII characters; if so, it is read. */
  isText(expected: string): boolean {
    const { length } = expected;
    const start = this.#at + 1;
    if (this.#peek() !== (0xa0 | length) || length > 31) {
      return false;
    }
    for (let i = 0; i < length; i++) {
      if (this.#bytes[start + i] !== expected.charCodeAt(i)) {
        return false;
      }
    }
    this.#at = start + length;
    return true;
  }

  /** Opaque bytes, as a view. */
  bytes(): Uint8Array | undefined {
    const type = this.#peek();
    if (type < 0xc4 || type > 0xc6) {
      this.skip();
      return undefined;
    }
    this.#at += 1;
    const length = this.#unsigned(1 << (type - 0xc4));
    this.#pass(length);
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** Skips one value of any type. */
  skip(): void {
    const type = this.#unsigned(1);
    if (type < 0x80 || type >= 0xe0 || type === 0xc0 || type === 0xc2 || type === 0xc3) {
      return;
    }
    if (type >= 0xca && type <= 0xd3) {
      this.#pass(type < 0xcc ? 4 << (type - 0xca) : 1 << ((type - 0xcc) & 3));
    } else if (type >= 0xa0 && type < 0xc0) {
      this.#pass(type & 0x1f);
    } else if (type >= 0x90 && type < 0xa0) {
      this.#skipItems(type & 0x0f, 1);
    } else if (type < 0x90) {
      this.#skipPairs(type & 0x0f);
    } else {
      this.#skipSized(type);
    }
  }

  #skipSized(type: number): void {
    switch (type) {
      case 0xc4:
      case 0xd9:
        return this.#pass(this.#unsigned(1));
      case 0xc5:
      case 0xda:
        return this.#pass(this.#unsigned(2));
      case 0xc6:
      case 0xdb:
        return this.#pass(this.#unsigned(4));
      case 0xdc:
        return this.#skipItems(this.#unsigned(2), 1);
      case 0xdd:
        return this.#skipItems(this.#unsigned(4), 1);
      case 0xde:
        return this.#skipPairs(this.#unsigned(2));
      case 0xdf:
        return this.#skipPairs(this.#unsigned(4));
      case 0xd6:
        return this.#skipExtension(4);
      case 0xd7:
        return this.#skipExtension(8);
      case 0xc7:
        return this.#skipExtension(this.#unsigned(1));
      default:
        throw new TypeError(`type byte 0x${type.toString(16)} is not allowed`);
    }
  }

  #skipItems(count: number, valuesEach: number): void {
    this.#enter(count, valuesEach);
    for (let i = 0; i < count * valuesEach; i++) {
      this.skip();
    }
    this.close();
  }

  #skipPairs(count: number): void {
    if (!this.#rules.maps) {
      throw new TypeError('a map is not allowed here');
    }
    this.#skipItems(count, 2);
  }

  /** Every value takes at least one byte, so a count beyond the remaining bytes is refused. */
  #enter(count: number, valuesEach: number): void {
    if (this.#depthLeft === 0) {
      throw new RangeError(`nested deeper than ${this.#rules.maxDepth}`);
    }
    if (count > this.#rules.maxItems) {
      throw new RangeError(`${count} items, the limit is ${this.#rules.maxItems}`);
    }
    if (count * valuesEach > this.#bytes.length - this.#at) {
      throw new RangeError('a list is longer than its bytes');
    }
    this.#depthLeft -= 1;
  }

  #skipExtension(length: number): void {
    const type = this.#unsigned(1);
    if (!this.#rules.timestamps || type !== TIMESTAMP_EXTENSION) {
      throw new TypeError(`extension type ${type} is not allowed`);
    }
    if (length !== 4 && length !== 8 && length !== 12) {
      throw new RangeError(`a timestamp of ${length} bytes`);
    }
    this.#pass(length);
  }

  /** Passes a text and returns its length; -1 for anything else. */
  #textLength(): number {
    const type = this.#peek();
    if (type >= 0xa0 && type < 0xc0) {
      this.#at += 1;
      this.#pass(type & 0x1f);
      return type & 0x1f;
    }
    if (type < 0xd9 || type > 0xdb) {
      this.skip();
      return -1;
    }
    this.#at += 1;
    const length = this.#unsigned(1 << (type - 0xd9));
    this.#pass(length);
    return length;
  }

  #wideNumber(type: number): number {
    switch (type) {
      case 0xca:
      case 0xcb:
        return this.#float(type === 0xca ? 4 : 8);
      case 0xd0:
        return (this.#unsigned(1) << 24) >> 24;
      case 0xd1:
        return (this.#unsigned(2) << 16) >> 16;
      case 0xd2:
        return this.#unsigned(4) | 0;
      case 0xd3:
        return (this.#unsigned(4) | 0) * TWO_TO_32 + this.#unsigned(4);
      default:
        return this.#unsigned(1 << (type - 0xcc));
    }
  }

  #float(width: number): number {
    for (let i = 0; i < width; i++) {
      float.setUint8(i, this.#unsigned(1));
    }
    return width === 4 ? float.getFloat32(0) : float.getFloat64(0);
  }

  #peek(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) {
      throw new RangeError('the bytes end too early');
    }
    return byte;
  }

  #unsigned(width: number): number {
    let value = 0;
    const end = this.#at + width;
    if (end > this.#bytes.length) {
      throw new RangeError('the bytes end too early');
    }
    while (this.#at < end) {
      value = value * 256 + (this.#bytes[this.#at] ?? 0);
      this.#at += 1;
    }
    return value;
  }

  #pass(length: number): void {
    if (length > this.#bytes.length - this.#at) {
      throw new RangeError('the bytes end too early');
    }
    this.#at += length;
  }
}

/** @throws RangeError or TypeError unless `bytes` is one well-formed value, maps and timestamps included. */
export const checkPayload = (bytes: Uint8Array): void => {
  const reader = new PackReader(bytes, payloadRules);
  reader.skip();
  reader.requireEnd();
};
