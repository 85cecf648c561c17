/**
 * Which root signatures a proposal has and still needs. The log says which entries there are, and each is read through
 * its tiles: it can leave a signature out, and cannot invent one. @module
 */
import type { LogClient } from '../client/logclient.ts';
import type { TiledLog } from '../client/tiledlog.ts';
import { fromUtf8, toHex } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import { isSize } from '../core/size.ts';
import { consentsTo } from '../registry/amendment.ts';
import type { Payload } from '../registry/kinds.ts';
import { checkPolicy, policyChanges } from '../registry/policyform.ts';
import { hasSigned } from '../registry/proposals.ts';
import { EMPTY, memberOf, type Organisation, State } from '../registry/view.ts';
import { type LoggedEntry, readEntry } from './entryat.ts';

export type Signatures = {
  /** How many there are of how many, by organisation. */
  readonly signatures: readonly string[];
  readonly missing: number;
};

/** A reader of one log. */
type From = { readonly client: LogClient; readonly log: TiledLog };

/** Fault `unknown-resource` if the log has no lookup; `refused` for what cannot be counted so. */
export async function signaturesOf(from: From, proposal: number): Promise<Signatures> {
  const state = new State();
  for (const index of await indexes(from.client, 'kind=policy')) {
    if (index > proposal) break;
    const entry = await entryAt(from, index);
    const checked = checkPolicy(state, entry.value as Payload<'policy'>);
    if (index === 0) {
      state.merge(policyChanges(EMPTY, checked, 0, 0));
      continue;
    }
    const needs = consentsTo(state, checked, index, NO_LOOKUP);
    const signers = await signersOf(from, index, entry);
    if (index === proposal) return told(needs, signers);
    if (needs.every((one) => hasSigned(one, signers))) state.merge(policyChanges(state, checked, index, index));
  }
  const entry = await entryAt(from, proposal);
  const owner = memberOf(state, entry.statement.iss);
  if (owner === undefined) throw new Fault('refused', `${entry.statement.iss} is no organisation of the policy`);
  return told([owner], await signersOf(from, proposal, entry));
}

/** A policy that waited out its notice refers to roots of the past; it is not counted here. */
const NO_LOOKUP = { entry: () => undefined, rootAt: () => undefined };

function told(needs: readonly Organisation[], signers: readonly string[]): Signatures {
  const each = needs.map(({ id, roots, threshold }) => {
    const signed = signers.filter((kid) => roots.includes(kid)).length;
    return { says: `${id}: ${signed} of ${threshold}`, missing: Math.max(0, threshold - signed) };
  });
  return { signatures: each.map(({ says }) => says), missing: each.reduce((sum, one) => sum + one.missing, 0) };
}

/** The keys that signed a proposal or an approval of it, each once. */
async function signersOf(from: From, index: number, proposal: LoggedEntry): Promise<string[]> {
  const approvals = await indexes(from.client, `kind=approval&about=${index}`);
  const entries = await Promise.all(approvals.map((one) => entryAt(from, one)));
  const meant = entries.filter(({ kind, value }) => kind === 'approval' && refOf(value) === index);
  return [...new Set([proposal, ...meant].map(({ statement }) => toHex(statement.kid)))];
}

const refOf = (value: LoggedEntry['value']): number => (value as Payload<'approval'>).ref.index;

async function entryAt({ log }: From, index: number): Promise<LoggedEntry> {
  return readEntry((await log.entry(index)).entry, index);
}

/** All entries that a lookup names, in their order. */
async function indexes(client: LogClient, question: string): Promise<number[]> {
  const found: number[] = [];
  for (let after = ''; ; ) {
    const answer = JSON.parse(
      fromUtf8(await client.get(`v1/entries?${question}&proof=0&limit=256${after}`), 'bad-request'),
    );
    const { rows, next } = answer as { rows: { index: unknown }[]; next?: unknown };
    for (const { index } of rows) if (isSize(index)) found.push(index);
    if (!isSize(next)) return found;
    after = `&after=${next}`;
  }
}
