import { tuning } from '../runtime/tuning.ts';

const TWO_TO_32 = 2 ** 32;

const float = new DataView(new ArrayBuffer(8));

/** Writes MessagePack value by value into one growing buffer, each in its shortest form. */
export class PackWriter {
  #bytes: Buffer;
  #at = 0;

  /** @param firstBytes size of the first allocation */
  constructor(firstBytes: number = tuning.writerFirstBytes) {
    this.#bytes = Buffer.allocUnsafe(firstBytes);
  }

  get length(): number {
    return this.#at;
  }

  /** Discards what was written after the first `length` bytes. */
  truncate(length: number): void {
    this.#at = length;
  }

  /** The bytes written from `from` on, as a view; further writing does not change them. */
  view(from = 0): Buffer {
    return this.#bytes.subarray(from, this.#at);
  }

  /** Like `view`, but a copy. */
  copy(from = 0): Buffer {
    return Buffer.from(this.view(from));
  }

  /** Appends bytes that already are MessagePack. */
  raw(bytes: Uint8Array): void {
    this.#ensure(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  nil(): void {
    this.#ensure(1);
    this.#byte(0xc0);
  }

  boolean(value: boolean): void {
    this.#ensure(1);
    this.#byte(value ? 0xc3 : 0xc2);
  }

  /** The head of a list; its items follow. */
  list(count: number): void {
    this.#ensure(5);
    if (count < 16) {
      this.#byte(0x90 | count);
    } else if (count < 0x10000) {
      this.#byte(0xdc);
      this.#unsigned(count, 2);
    } else {
      this.#byte(0xdd);
      this.#unsigned(count, 4);
    }
  }

  number(value: number): void {
    this.#ensure(9);
    if (value >= 0 && value < 0x80 && Number.isInteger(value)) {
      this.#byte(value);
    } else if (Number.isInteger(value) && value < TWO_TO_32 && value >= -TWO_TO_32 / 2) {
      this.#integer(value);
    } else {
      this.#float(value);
    }
  }

  /** UTF-8. */
  text(value: string): void {
    const { length } = value;
    this.#ensure(5 + length * 3);
    if (length <= tuning.shortTextChars && this.#asciiText(value)) {
      return;
    }
    const bytes = Buffer.byteLength(value);
    this.#textHead(bytes);
    this.#at += this.#bytes.write(value, this.#at, 'utf8');
  }

  /** Opaque bytes. */
  bytes(value: Uint8Array): void {
    const { length } = value;
    this.#ensure(5 + length);
    if (length < 0x100) {
      this.#byte(0xc4);
      this.#byte(length);
    } else if (length < 0x10000) {
      this.#byte(0xc5);
      this.#unsigned(length, 2);
    } else {
      this.#byte(0xc6);
      this.#unsigned(length, 4);
    }
    this.#bytes.set(value, this.#at);
    this.#at += length;
  }

  /** Writes a text if all of it is ASCII; returns whether it was. */
  #asciiText(value: string): boolean {
    const start = this.#at;
    this.#textHead(value.length);
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code >= 0x80) {
        this.#at = start;
        return false;
      }
      this.#byte(code);
    }
    return true;
  }

  #textHead(bytes: number): void {
    if (bytes < 32) {
      this.#byte(0xa0 | bytes);
    } else if (bytes < 0x100) {
      this.#byte(0xd9);
      this.#byte(bytes);
    } else if (bytes < 0x10000) {
      this.#byte(0xda);
      this.#unsigned(bytes, 2);
    } else {
      this.#byte(0xdb);
      this.#unsigned(bytes, 4);
    }
  }

  #integer(value: number): void {
    if (value >= 0) {
      const width = value < 0x100 ? 1 : value < 0x10000 ? 2 : 4;
      this.#byte(0xcc + (width >> 1));
      this.#unsigned(value, width);
    } else if (value >= -32) {
      this.#byte(value & 0xff);
    } else {
      const width = value >= -0x80 ? 1 : value >= -0x8000 ? 2 : 4;
      this.#byte(0xd0 + (width >> 1));
      this.#unsigned(value, width);
    }
  }

  #float(value: number): void {
    float.setFloat64(0, value);
    this.#byte(0xcb);
    for (let i = 0; i < 8; i++) {
      this.#byte(float.getUint8(i));
    }
  }

  /** The last `width` bytes of a whole number, most significant first. */
  #unsigned(value: number, width: number): void {
    for (let shift = (width - 1) * 8; shift >= 0; shift -= 8) {
      this.#byte((value >>> shift) & 0xff);
    }
  }

  #byte(value: number): void {
    this.#bytes[this.#at] = value;
    this.#at += 1;
  }

  #ensure(more: number): void {
    const needed = this.#at + more;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, this.#at);
      this.#bytes = grown;
    }
  }
}
