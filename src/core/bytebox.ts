/**
 * Bytes that are collected until someone takes them. What waits to go to another thread waits as bytes: thousands of
 * small objects that wait would be copied by every garbage collection meanwhile. @module
 */
const LEAST = 4096;

export class ByteBox {
  #bytes = new Uint8Array(LEAST);
  #length = 0;

  put(part: Uint8Array): void {
    const end = this.#length + part.length;
    if (end > this.#bytes.length) this.#grow(2 * end);
    this.#bytes.set(part, this.#length);
    this.#length = end;
  }

  /** All that was put, one part after the other, in memory of its own; the box is empty then. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    // What one flood needed is not kept for ever.
    if (this.#bytes.length > LEAST && 8 * this.#length < this.#bytes.length) this.#bytes = new Uint8Array(LEAST);
    this.#length = 0;
    return taken;
  }

  #grow(length: number): void {
    const larger = new Uint8Array(length);
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
