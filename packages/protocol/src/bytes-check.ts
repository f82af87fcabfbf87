import { limits } from './limits.ts';

/**
 * Walks MessagePack without building anything. A decoder that trusts a declared
 * length allocates it first; this refuses it before. It also keeps extension
 * types away from the codec, which would act on some of them.
 */
interface Rules {
  readonly maxDepth: number;
  readonly maxItems: number;
  readonly maps: boolean;
  /** The one extension allowed: the standard timestamp, -1. */
  readonly timestamps: boolean;
}

const frameRules: Rules = {
  maxDepth: limits.frameMaxDepth,
  maxItems: limits.listMaxItems,
  maps: false,
  timestamps: false,
};

const payloadRules: Rules = {
  maxDepth: limits.payloadMaxDepth,
  maxItems: Number.MAX_SAFE_INTEGER,
  maps: true,
  timestamps: true,
};

const TIMESTAMP_EXTENSION = 0xff;

/** Bytes of the length or value that follow each of the type bytes 0xc0…0xdf. */
const fixedWidths = new Map<number, number>([
  [0xc0, 0],
  [0xc2, 0],
  [0xc3, 0],
  [0xca, 4],
  [0xcb, 8],
  [0xcc, 1],
  [0xcd, 2],
  [0xce, 4],
  [0xcf, 8],
  [0xd0, 1],
  [0xd1, 2],
  [0xd2, 4],
  [0xd3, 8],
]);
const widthOf = new Int8Array(256).fill(-1);
for (const [type, width] of fixedWidths) {
  widthOf[type] = width;
}

class Walker {
  readonly #bytes: Uint8Array;
  readonly #rules: Rules;
  #at = 0;

  constructor(bytes: Uint8Array, rules: Rules) {
    this.#bytes = bytes;
    this.#rules = rules;
  }

  walkAll(): void {
    this.#value(this.#rules.maxDepth);
    if (this.#at !== this.#bytes.length) {
      throw new RangeError(`${this.#bytes.length - this.#at} bytes after the end`);
    }
  }

  #value(depth: number): void {
    const type = this.#take(1);
    if (type < 0x80 || type >= 0xe0) {
      return;
    }
    if (type >= 0xa0 && type < 0xc0) {
      this.#skip(type & 0x1f);
    } else if (type >= 0x90 && type < 0xa0) {
      this.#items(type & 0x0f, depth);
    } else if (type < 0x90) {
      this.#pairs(type & 0x0f, depth);
    } else if ((widthOf[type] ?? -1) >= 0) {
      this.#skip(widthOf[type] ?? 0);
    } else {
      this.#sized(type, depth);
    }
  }

  #sized(type: number, depth: number): void {
    switch (type) {
      case 0xc4:
      case 0xd9:
        return this.#skip(this.#take(1));
      case 0xc5:
      case 0xda:
        return this.#skip(this.#take(2));
      case 0xc6:
      case 0xdb:
        return this.#skip(this.#take(4));
      case 0xdc:
        return this.#items(this.#take(2), depth);
      case 0xdd:
        return this.#items(this.#take(4), depth);
      case 0xde:
        return this.#pairs(this.#take(2), depth);
      case 0xdf:
        return this.#pairs(this.#take(4), depth);
      case 0xd6:
        return this.#extension(4);
      case 0xd7:
        return this.#extension(8);
      case 0xc7:
        return this.#extension(this.#take(1));
      default:
        throw new TypeError(`type byte 0x${type.toString(16)} is not allowed`);
    }
  }

  #items(count: number, depth: number): void {
    this.#enter(count, count, depth);
    for (let i = 0; i < count; i++) {
      this.#value(depth - 1);
    }
  }

  #pairs(count: number, depth: number): void {
    if (!this.#rules.maps) {
      throw new TypeError('a map is not allowed here');
    }
    this.#enter(count, count * 2, depth);
    for (let i = 0; i < count * 2; i++) {
      this.#value(depth - 1);
    }
  }

  /** Every item takes a byte at least, so a count beyond the rest is a lie. */
  #enter(count: number, leastBytes: number, depth: number): void {
    if (depth === 0) {
      throw new RangeError(`nested deeper than ${this.#rules.maxDepth}`);
    }
    if (count > this.#rules.maxItems) {
      throw new RangeError(`${count} items, the limit is ${this.#rules.maxItems}`);
    }
    if (leastBytes > this.#bytes.length - this.#at) {
      throw new RangeError('a list is longer than its bytes');
    }
  }

  #extension(length: number): void {
    const type = this.#take(1);
    if (!this.#rules.timestamps || type !== TIMESTAMP_EXTENSION) {
      throw new TypeError(`extension type ${type} is not allowed`);
    }
    if (length !== 4 && length !== 8 && length !== 12) {
      throw new RangeError(`a timestamp of ${length} bytes`);
    }
    this.#skip(length);
  }

  #take(width: number): number {
    let value = 0;
    const end = this.#at + width;
    if (end > this.#bytes.length) {
      throw new RangeError('the bytes end too early');
    }
    while (this.#at < end) {
      value = value * 256 + (this.#bytes[this.#at++] ?? 0);
    }
    return value;
  }

  #skip(width: number): void {
    if (width > this.#bytes.length - this.#at) {
      throw new RangeError('the bytes end too early');
    }
    this.#at += width;
  }
}

/** @throws RangeError or TypeError unless `bytes` is one well-formed value of lists and scalars. */
export const checkFrame = (bytes: Uint8Array): void => new Walker(bytes, frameRules).walkAll();

/** @throws RangeError or TypeError unless `bytes` is one well-formed value, maps and timestamps included. */
export const checkPayload = (bytes: Uint8Array): void => new Walker(bytes, payloadRules).walkAll();
