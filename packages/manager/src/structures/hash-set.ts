const HIGH_BITS = 0x1f_ff_ff;
const START_SLOTS = 1_024;

/** A hash of 53 bits above zero, mixed from two hashes of 32 bits as in MurmurHash3. */
const fingerprintOf = (text: string): number => {
  let low = 0x9e_37_79_b9;
  let high = 0x85_eb_ca_6b;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    low = Math.imul(low ^ code, 0x85_eb_ca_77);
    high = Math.imul(high ^ code, 0xc2_b2_ae_3d);
  }
  low =
    Math.imul(low ^ (low >>> 16), 0x85_eb_ca_6b) ^ Math.imul(high ^ (high >>> 13), 0xc2_b2_ae_35);
  high =
    Math.imul(high ^ (high >>> 16), 0x85_eb_ca_6b) ^ Math.imul(low ^ (low >>> 13), 0xc2_b2_ae_35);
  return (high & HIGH_BITS) * 2 ** 32 + (low >>> 0) || 1;
};

/**
 * A set of texts that keeps a hash of 53 bits for each text, in 16 to 32 bytes, so that it can hold
 * the ids of millions of tasks. It takes two texts with the same hash for one. A set of ten million
 * texts has such a pair once in two hundred times.
 */
export class HashSet {
  /** The hashes. Zero is a free slot, and a negative number is a marked hash. */
  #slots = new Float64Array(START_SLOTS);
  #size = 0;
  #marked = 0;

  /** Number of texts that were added and not marked. */
  get unmarked(): number {
    return this.#size - this.#marked;
  }

  add(text: string): void {
    if (2 * this.#size >= this.#slots.length) {
      this.#grow();
    }
    const value = fingerprintOf(text);
    const slot = this.#slotOf(value);
    if (this.#slots[slot] === 0) {
      this.#slots[slot] = value;
      this.#size += 1;
    }
  }

  /** Marks a text. @returns whether it was added */
  mark(text: string): boolean {
    const slot = this.#slotOf(fingerprintOf(text));
    const value = this.#slots[slot] ?? 0;
    if (value > 0) {
      this.#slots[slot] = -value;
      this.#marked += 1;
    }
    return value !== 0;
  }

  /** The slot of a hash, or the free slot in which it belongs. */
  #slotOf(value: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = value & mask;
    for (let held = slots[slot]; held !== 0 && held !== value && held !== -value; ) {
      slot = (slot + 1) & mask;
      held = slots[slot];
    }
    return slot;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Float64Array(2 * old.length);
    for (const value of old) {
      if (value !== 0) {
        this.#slots[this.#slotOf(Math.abs(value))] = value;
      }
    }
  }
}
