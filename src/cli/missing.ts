/**
 * Which root signatures a proposal has and still needs, by what the log shows. It says which entries there are, and each
 * is read through its tiles. That it admitted them is its word: no signature is verified here, and a log that leaves
 * entries out can make a proposal look as if it needed more, or, where a policy raised a threshold, less. @module
 */
import { isList, isMap, maybe, readAnswer } from '../client/answer.ts';
import type { LogClient } from '../client/logclient.ts';
import type { TiledLog } from '../client/tiledlog.ts';
import { toHex } from '../core/bytes.ts';
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

/** The most policies, or approvals of one entry, that are counted. */
const [PAGE, MAX_ROWS] = [256, 4096] as const;
const ROWS = 'list of entries';
/** A lookup that searches long answers pages with few rows, or none. */
const MAX_PAGES = 1024;

/** Fault `unknown-resource` if the log has no lookup; `refused` for what cannot be counted so. */
export async function signaturesOf(from: From, proposal: number): Promise<Signatures> {
  const state = new State();
  for (const index of await indexes(from.client, 'kind=policy')) {
    if (index > proposal) break;
    const entry = await entryAt(from, index);
    if (entry.kind !== 'policy')
      throw new Fault('bad-request', `entry ${index}, which the log calls a policy, is none`);
    if (index > 0 && state.get('policy', '') === undefined) {
      throw new Fault('bad-request', 'the log does not name entry 0 among its policies');
    }
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

/** All entries that a lookup names, in their order. Fault `bad-request` for an answer that is none. */
async function indexes(client: LogClient, question: string): Promise<number[]> {
  const found: number[] = [];
  let after = -1;
  for (let page = 0; page < MAX_PAGES && found.length <= MAX_ROWS; page++) {
    const behind = page === 0 ? '' : `&after=${after}`;
    const { rows, next } = pageIn(await client.get(`v1/entries?${question}&proof=0&limit=${PAGE}${behind}`));
    found.push(...rows);
    if (found.some((index, i) => i > 0 && index <= (found[i - 1] as number))) throw noAnswer('its rows do not rise');
    if (next === undefined) return found;
    if (next <= after) throw noAnswer('its pages do not go on');
    after = next;
  }
  throw new Fault('too-large', `the log names more than is counted: ${MAX_ROWS} entries on ${MAX_PAGES} pages`);
}

/** A page of rows, and behind which index it goes on. */
const isPage = isMap<{ rows: readonly { readonly index: number }[]; next?: number }>({
  rows: isList(isMap({ index: isSize })),
  next: maybe(isSize),
});

function pageIn(body: Uint8Array): { rows: number[]; next: number | undefined } {
  const { rows, next } = readAnswer(body, ROWS, isPage);
  if (rows.length > PAGE) throw noAnswer('it has more rows than were asked for');
  return { rows: rows.map(({ index }) => index), next };
}

function noAnswer(what: string): Fault {
  return new Fault('bad-request', `the answer of the log is no ${ROWS}: ${what}`);
}
