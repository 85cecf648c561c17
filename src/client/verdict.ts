/**
 * Asks a log about a file, and believes of its answer what the proofs in it show. What the answer says is absent is the
 * word of the log for the size that it names. @module
 */
import { fromUtf8, toHex, utf8 } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import type { Vkey } from '../core/note.ts';
import type { Verdict } from '../registry/verdict.ts';
import type { LogClient } from './logclient.ts';
import { verifyProof } from './offline.ts';

/** What `/v1/verdict` answers, every entry that decides something with its proof. */
export type ProvenVerdict = Verdict & {
  readonly entries: readonly { readonly index: number; readonly leafHash: string; readonly proof: string }[];
};

/** The verdict on a digest such as `sha256:…`, of builds of one organisation if it is given. */
export async function askVerdict(
  client: LogClient,
  vkeys: readonly Vkey[],
  digest: string,
  issuer?: string,
): Promise<ProvenVerdict> {
  const query = new URLSearchParams({ digest, ...(issuer === undefined ? {} : { issuer }) });
  const answer = JSON.parse(fromUtf8(await client.get(`v1/verdict?${query}`), 'bad-request')) as ProvenVerdict;
  checkProofs(answer, vkeys);
  return answer;
}

/** Every entry that the answer cites is in the signed tree, where it says. Fault `bad-proof` otherwise. */
function checkProofs({ entries, proven, builds }: ProvenVerdict, vkeys: readonly Vkey[]): void {
  const shown = new Set<number>();
  for (const { index, leafHash, proof } of entries) {
    const entry = verifyProof(utf8(proof), vkeys);
    if (entry.index !== index || toHex(entry.leafHash) !== leafHash) {
      throw new Fault('bad-proof', `the proof that the log gives for entry ${index} is of another`);
    }
    shown.add(index);
  }
  const cited = [...proven.flatMap((one) => one.entries), ...builds.map(({ index }) => index)];
  const missing = cited.find((index) => !shown.has(index));
  if (missing !== undefined) throw new Fault('bad-proof', `the answer rests on entry ${missing} and does not prove it`);
}
