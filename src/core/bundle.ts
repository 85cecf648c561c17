/** Entry bundles of C2SP tlog-tiles: entries one after the other, each behind its big-endian uint16 length. @module */
import { Fault, must } from './fault.ts';
import { MAX_ENTRY } from './hash.ts';
import { TILE_WIDTH } from './tile.ts';

/** Packs entries; the inverse of `readBundle`. */
export function packBundle(entries: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(entries.reduce((sum, entry) => sum + 2 + entry.length, 0));
  let at = 0;
  for (const entry of entries) {
    must(entry.length <= MAX_ENTRY, `entry of ${entry.length} bytes was not refused at the door`);
    out[at] = Math.floor(entry.length / 256);
    out[at + 1] = entry.length % 256;
    out.set(entry, at + 2);
    at += 2 + entry.length;
  }
  return out;
}

/** The entries of a bundle, as views; exactly `width` of them and nothing after. */
export function readBundle(bundle: Uint8Array, width: number): Uint8Array[] {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < bundle.length && entries.length < TILE_WIDTH) {
    const length = (bundle[at] as number) * 256 + (bundle[at + 1] ?? Number.NaN);
    if (!(at + 2 + length <= bundle.length)) throw new Fault('bad-bundle', `entry ${entries.length} is cut off`);
    entries.push(bundle.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  if (entries.length !== width || at !== bundle.length) {
    throw new Fault(
      'bad-bundle',
      `bundle holds ${entries.length} entries in ${at} of ${bundle.length} bytes, not ${width}`,
    );
  }
  return entries;
}

/** The length in bytes of the first `count` entries of a bundle that holds at least so many. */
export function bundlePrefix(bundle: Uint8Array, count: number): number {
  let at = 0;
  for (let i = 0; i < count; i++) at += 2 + (bundle[at] as number) * 256 + (bundle[at + 1] as number);
  if (!(at <= bundle.length)) throw new Fault('bad-bundle', `bundle holds fewer than ${count} entries`);
  return at;
}
