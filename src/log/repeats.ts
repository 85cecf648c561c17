/**
 * Finds the index of a statement that was logged before, in memory: 8 bytes a slot, about 12 an entry. A slot holds 32
 * bits of the id and the index, so a match is only a candidate that the caller compares with the stored id.
 *
 * An index on random keys in SQLite costs 10 kB of writes per entry and grows out of memory; this one is filled again
 * at start-up (2 s for 10 million entries). 256 small tables double one by one, so no turn waits for a large copy.
 * @module
 */
import { must } from '../core/fault.ts';

/** The slot arrays hold [id bits, index + 1] pairs; index + 1 = 0 means empty. */
type Table = { slots: Uint32Array; used: number };

const FIRST_SLOTS = 16;
const MAX_INDEX = 2 ** 32 - 2;

export class Repeats {
  readonly #tables: Table[] = Array.from({ length: 256 }, () => ({ slots: new Uint32Array(2 * FIRST_SLOTS), used: 0 }));

  /** Remembers that the statement with this 32-byte id is entry `index`. */
  add(id: Uint8Array, index: number): void {
    must(index <= MAX_INDEX, 'the repeat index ends at 2^32 entries');
    const table = this.#tables[id[0] as number] as Table;
    if (4 * (table.used + 1) > 3 * (table.slots.length / 2)) grow(table);
    put(table.slots, bitsOf(id), index + 1);
    table.used++;
  }

  /** The first index for which `isIt` holds, among those whose ids share 40 bits with this one. */
  find(id: Uint8Array, isIt: (index: number) => boolean): number | undefined {
    const { slots } = this.#tables[id[0] as number] as Table;
    const bits = bitsOf(id);
    const count = slots.length / 2;
    for (let slot = bits % count; ; slot = (slot + 1) % count) {
      const next = slots[2 * slot + 1] as number;
      if (next === 0) return undefined;
      if (slots[2 * slot] === bits && isIt(next - 1)) return next - 1;
    }
  }
}

/** Bytes 1 to 4 of an id; byte 0 chose the table. */
function bitsOf(id: Uint8Array): number {
  return (id[1] as number) * 2 ** 24 + (id[2] as number) * 2 ** 16 + (id[3] as number) * 2 ** 8 + (id[4] as number);
}

function put(slots: Uint32Array, bits: number, next: number): void {
  const count = slots.length / 2;
  let slot = bits % count;
  while (slots[2 * slot + 1] !== 0) slot = (slot + 1) % count;
  slots[2 * slot] = bits;
  slots[2 * slot + 1] = next;
}

function grow(table: Table): void {
  const slots = new Uint32Array(2 * table.slots.length);
  for (let at = 0; at < table.slots.length; at += 2) {
    if (table.slots[at + 1] !== 0) put(slots, table.slots[at] as number, table.slots[at + 1] as number);
  }
  table.slots = slots;
}
