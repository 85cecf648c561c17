/**
 * What an offline proof shows, with nothing but the file and the pinned keys: that the log signed a tree with this
 * entry in it, what the entry says, and whether a file is the one it speaks of. Whether its key was good at that
 * index, and whether witnesses saw the tree, are questions for more than this file. @module
 */
import { equal, type Hash } from '../core/bytes.ts';
import type { OpenedCheckpoint, Signed } from '../core/cosignature.ts';
import { Fault } from '../core/fault.ts';
import { leafHash } from '../core/hash.ts';
import type { Vkey } from '../core/note.ts';
import { type Age, evaluate, explain, type Verdict } from '../core/quorum.ts';
import type { Policy } from '../core/tlogpolicy.ts';
import { parseTlogProof, type TlogProof, verifyTlogProof } from '../core/tlogproof.ts';
import type { Payload } from '../registry/kinds.ts';

/** Digests of a file by algorithm, `sha256`, `sha384`, `sha512`. */
export type Digests = ReadonlyMap<string, Uint8Array>;

/** What was verified. */
export type Proven = {
  readonly origin: string;
  readonly index: number;
  readonly size: number;
  readonly root: Hash;
  readonly leafHash: Hash;
  readonly signed: readonly Signed[];
  readonly entry: Uint8Array;
};

/**
 * Checks a `tlog-proof@v1`. `entry` is the leaf data; without it, the proof's own `extra` is. Faults `bad-proof`,
 * `bad-signature` and `unknown-signer` say what is not so; `bad-request` if there is no entry to check.
 */
export function verifyProof(bytes: Uint8Array, vkeys: readonly Vkey[], entry?: Uint8Array): Proven {
  return verifyParsed(parseTlogProof(bytes), vkeys, entry);
}

/** `verifyProof`, of a proof that was read before. */
export function verifyParsed(proof: TlogProof, vkeys: readonly Vkey[], entry?: Uint8Array): Proven {
  const leafData = entry ?? proof.extra;
  if (!leafData) throw new Fault('bad-request', 'the proof does not carry its entry: give the file that was logged');
  const leaf = leafHash(leafData);
  const { checkpoint, signed } = verifyTlogProof(proof, leaf, vkeys);
  const { origin, size, root } = checkpoint;
  return { origin, index: proof.index, size, root, leafHash: leaf, signed, entry: leafData };
}

/** What makes a checkpoint good enough to be believed. */
export type Pinned = {
  /** All keys whose signatures are looked at. */
  readonly vkeys: readonly Vkey[];
  /** Fault if those that have signed a checkpoint are not enough. */
  check(opened: Pick<OpenedCheckpoint, 'checkpoint' | 'signed'>): unknown;
};

/** `verifyProof`, of a checkpoint that is good enough. */
export function verifyPinned(bytes: Uint8Array, { vkeys, check }: Pinned): Proven {
  const proven = verifyProof(bytes, vkeys);
  check({ checkpoint: proven, signed: proven.signed });
  return proven;
}

/** Fault `no-quorum` unless a checkpoint is good enough for a trust policy, which says who of its witnesses is missing. */
export function requireQuorum(
  policy: Policy,
  opened: Pick<OpenedCheckpoint, 'checkpoint' | 'signed'>,
  age?: Age,
): Verdict {
  const verdict = evaluate(policy, opened, age);
  if (verdict.met) return verdict;
  throw new Fault('no-quorum', `the policy does not hold: ${explain(policy, verdict).join('; ')}`);
}

/** As much of a build as it takes to find a file in it. */
type Build = { readonly artifacts: readonly Pick<Payload<'build'>['artifacts'][number], 'name' | 'digests'>[] };

/** The name under which a build lists a file with one of these digests. Fault `bad-proof` if it lists none. */
export function artifactIn(build: Build, digests: Digests): string {
  const found = build.artifacts.find((artifact) =>
    Object.entries(artifact.digests).some(([name, value]) => {
      const own = digests.get(name);
      return own !== undefined && value instanceof Uint8Array && equal(own, value);
    }),
  );
  if (found) return found.name;
  throw new Fault('bad-proof', 'this file is not among the artifacts that the logged build lists');
}
