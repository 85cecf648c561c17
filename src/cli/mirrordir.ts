/** Where the parts of a mirror lie, the keys that its seed makes, and how it is opened. @module */
import { deriveSeed } from '../core/logkeys.ts';
import { COSIGNATURE_ED25519, COSIGNATURE_MLDSA44, type Vkey, vkeyOf } from '../core/note.ts';
import { type Signer, signerOf } from '../core/signature.ts';

export type MirrorDirectory = {
  readonly data: string;
  /** What the mirror knows of the log. */
  readonly database: string;
  /** The copy: a log of opaque entries, whatever they are to the log itself. */
  readonly tree: string;
  readonly seed: string;
  readonly vkeys: string;
  readonly lock: string;
};

export function mirrorDirectory(data: string): MirrorDirectory {
  const at = (name: string) => `${data}/${name}`;
  return {
    data,
    database: at('mirror.db'),
    tree: at('tree.db'),
    seed: at('seed'),
    vkeys: at('mirror.vkey'),
    lock: at('mirror'),
  };
}

/** The keys of a mirror, of both kinds that a policy may ask for. */
export function mirrorKeys(name: string, seed: Uint8Array): { vkey: Vkey; signer: Signer }[] {
  const ed25519 = signerOf('ed25519', deriveSeed(seed, 'mirror-ed25519', 0));
  const mldsa44 = signerOf('mldsa44', deriveSeed(seed, 'mirror-mldsa44', 0));
  return [
    { vkey: vkeyOf(name, COSIGNATURE_ED25519, ed25519.key), signer: ed25519 },
    { vkey: vkeyOf(name, COSIGNATURE_MLDSA44, mldsa44.key), signer: mldsa44 },
  ];
}
