/** What supervisors and rebuilders said about entries: contradictions first, and nothing left out for being unwelcome. @module */
import type { Attestation } from './kinds/attestation.ts';
import { type Ledger, MANY, readEntry } from './ledger.ts';
import { TERM } from './terms.ts';

export type Attested = {
  readonly index: number;
  readonly issuer: string;
  readonly claim: Attestation['claim'];
  readonly verdict: Attestation['verdict'];
  /** The entries among those asked about that it speaks of. */
  readonly of: readonly number[];
  /** Who made it took it back there. It is shown all the same. */
  readonly withdrawnBy?: number;
};

export type AllAttested = {
  readonly attestations: readonly Attested[];
  /** There are more; all contradictions come before anything is left out. */
  readonly more: boolean;
};

/** The attestations about any of these entries. */
export function attestationsOf(ledger: Ledger, indexes: readonly number[]): AllAttested {
  const find = (...verdict: readonly string[]) =>
    indexes.flatMap((index) => ledger.find([TERM.about('attestation', index, ...verdict)], 0, MANY + 1));
  const against = [...new Set(find('contradict'))].sort((a, b) => a - b);
  const others = [...new Set(find())].filter((index) => !against.includes(index)).sort((a, b) => a - b);
  const all = [...against, ...others];
  const attestations = all.slice(0, MANY).map((index) => readAttestation(ledger, index, indexes));
  return { attestations, more: all.length > MANY };
}

function readAttestation(ledger: Ledger, index: number, asked: readonly number[]): Attested {
  const { entry, payload } = readEntry(ledger, index, 'attestation');
  const { claim, verdict, refs } = payload;
  // Admission has seen to it that it is of the same organisation and claim.
  const [withdrawnBy] = ledger.find([TERM.about('attestation', index, 'withdraw')], 0, 1);
  return {
    index,
    issuer: entry.statement.iss,
    claim,
    verdict,
    of: refs.map((ref) => ref.index).filter((of) => asked.includes(of)),
    ...(withdrawnBy === undefined ? {} : { withdrawnBy }),
  };
}

/** Whether somebody contradicts and has not taken it back. */
export function isContradicted({ attestations }: AllAttested): boolean {
  return attestations.some(({ verdict, withdrawnBy }) => verdict === 'contradict' && withdrawnBy === undefined);
}
