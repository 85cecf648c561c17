/**
 * Asks a log about a file, and believes of its answer what the proofs in it show. What the answer says is absent is the
 * word of the log for the size that it names. @module
 */
import { Fault } from '../core/fault.ts';
import { isSize } from '../core/size.ts';
import type { Verdict } from '../registry/verdict.ts';
import { isList, isMap, isText, maybe, readAnswer } from './answer.ts';
import { type Cited, verifyCited } from './cited.ts';
import type { LogClient } from './logclient.ts';
import type { Pinned } from './offline.ts';
import { VERDICT } from './shapes.ts';

/** What `/v1/verdict` answers, every entry that decides something with its proof. */
export type ProvenVerdict = Verdict & {
  readonly entries: readonly Cited[];
};

const isVerdict = isMap<ProvenVerdict>({
  ...VERDICT,
  entries: isList(isMap<Cited>({ index: isSize, leafHash: isText, proof: maybe(isText) })),
});

/** The verdict on a digest such as `sha256:…`, of builds of one organisation if it is given. Fault `bad-request` for what is no verdict. */
export async function askVerdict(
  client: LogClient,
  pinned: Pinned,
  digest: string,
  issuer?: string,
): Promise<ProvenVerdict> {
  const query = new URLSearchParams({ digest, ...(issuer === undefined ? {} : { issuer }) });
  const answer = readAnswer(await client.get(`v1/verdict?${query}`), 'verdict', isVerdict);
  checkProofs(answer, pinned);
  return answer;
}

/** Every entry that the answer rests on is proven. Fault `bad-proof` otherwise. */
function checkProofs({ entries, proven, builds }: ProvenVerdict, pinned: Pinned): void {
  const shown = verifyCited(entries, pinned);
  const cited = [...proven.flatMap((one) => one.entries), ...builds.map(({ index }) => index)];
  const missing = cited.find((index) => !shown.has(index));
  if (missing !== undefined) throw new Fault('bad-proof', `the answer rests on entry ${missing} and does not prove it`);
}
