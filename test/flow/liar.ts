/** A log that signs what it is told, forks included: static files from any entries, and notes by its keys. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packBundle } from '../../src/core/bundle.ts';
import { concat, type Hash, utf8 } from '../../src/core/bytes.ts';
import { formatCheckpoint } from '../../src/core/checkpoint.ts';
import { signedMessage, toNoteSignature } from '../../src/core/cosignature.ts';
import { openLeaves } from '../../src/core/expanded.ts';
import { leafHash } from '../../src/core/hash.ts';
import { COSIGNATURE_ED25519, formatNote, formatVkey, NOTE_ED25519, type Vkey, vkeyOf } from '../../src/core/note.ts';
import { type Signer, signerOf } from '../../src/core/signature.ts';
import { partialTiles, TILE_WIDTH, tilePath } from '../../src/core/tile.ts';
import { append, EMPTY_EDGE, rootOf } from '../../src/core/tree.ts';

export type SigningKey = { readonly vkey: Vkey; readonly signer: Signer };

export function logKey(origin: string): SigningKey {
  const signer = signerOf('ed25519', new Uint8Array(32).fill(41));
  return { vkey: vkeyOf(origin, NOTE_ED25519, signer.key), signer };
}

export function witnessKey(name: string, fill: number): SigningKey {
  const signer = signerOf('ed25519', new Uint8Array(32).fill(fill));
  return { vkey: vkeyOf(name, COSIGNATURE_ED25519, signer.key), signer };
}

/** The root of a tree of these entries. */
export function rootFrom(entries: readonly Uint8Array[]): Hash {
  return rootOf(append(EMPTY_EDGE, concat(...entries.map(leafHash))).edge);
}

export function signedNote(
  entries: readonly Uint8Array[],
  keys: readonly SigningKey[],
  time = Math.floor(Date.now() / 1000),
): Uint8Array {
  const origin = (keys[0] as SigningKey).vkey.name;
  const text = formatCheckpoint({ origin, size: entries.length, root: rootFrom(entries) });
  const signatures = keys.map(({ vkey, signer }) =>
    toNoteSignature(vkey, signer.sign(signedMessage(vkey, text, time)), time),
  );
  return utf8(formatNote({ text, signatures }));
}

/** Writes the files of a log of these entries, signed by the first key and cosigned by the others. */
export function publish(
  root: string,
  entries: readonly Uint8Array[],
  keys: readonly SigningKey[],
  time?: number,
): void {
  const write = (path: string, bytes: Uint8Array | string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), bytes);
  };
  const { edge, full } = append(EMPTY_EDGE, concat(...entries.map(leafHash)));
  for (const { level, n, tile } of full) write(tilePath({ level, n, width: TILE_WIDTH }), openLeaves(tile));
  for (const { level, n, width } of partialTiles(entries.length)) {
    write(tilePath({ level, n, width }), openLeaves(edge.open[level] as (typeof edge.open)[number]));
  }
  for (let n = 0; n * TILE_WIDTH < entries.length; n++) {
    const some = entries.slice(n * TILE_WIDTH, (n + 1) * TILE_WIDTH);
    write(tilePath({ level: 'entries', n, width: some.length }), packBundle(some));
  }
  write('checkpoint', signedNote(entries, keys, time));
  write('log.vkey', `${formatVkey((keys[0] as SigningKey).vkey)}\n`);
}

export const opaque = (count: number, what = 'entry'): Uint8Array[] =>
  Array.from({ length: count }, (_, n) => utf8(`${what} ${n}`));
