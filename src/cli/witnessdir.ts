/** Where the parts of a witness lie, and the keys that its seed makes. @module */
import { deriveSeed } from '../core/logkeys.ts';
import { COSIGNATURE_ED25519, COSIGNATURE_MLDSA44, vkeyOf } from '../core/note.ts';
import { signerOf } from '../core/signature.ts';
import type { Cosigner } from '../witness/witness.ts';

export type WitnessDirectory = {
  readonly data: string;
  readonly database: string;
  readonly seed: string;
  /** Which token has the Ed25519 key; there only if one has. */
  readonly token: string;
  /** The keys that logs and clients name in their policies. */
  readonly vkeys: string;
  /** The key of a witness with a token that is in no token. */
  readonly softwareVkey: string;
};

export function witnessDirectory(data: string): WitnessDirectory {
  return {
    data,
    database: `${data}/witness.db`,
    seed: `${data}/seed`,
    token: `${data}/token.json`,
    vkeys: `${data}/witness.vkey`,
    softwareVkey: `${data}/witness-mldsa44.vkey`,
  };
}

/** The keys of a witness: one of each kind that a log's policy may ask for; the first may be in a token. */
export function cosignersOf(
  name: string,
  seed: Uint8Array,
  ed25519 = signerOf('ed25519', deriveSeed(seed, 'witness-ed25519', 0)),
): Cosigner[] {
  const mldsa44 = signerOf('mldsa44', deriveSeed(seed, 'witness-mldsa44', 0));
  return [
    { vkey: vkeyOf(name, COSIGNATURE_ED25519, ed25519.key), signer: ed25519 },
    { vkey: vkeyOf(name, COSIGNATURE_MLDSA44, mldsa44.key), signer: mldsa44 },
  ];
}
