/** The watch for personal data and secrets, before anything is signed or submitted: what is logged stays. @module */

import type { SignedStatement } from '../core/cose.ts';
import { Fault } from '../core/fault.ts';
import type { AdmittedKind } from '../registry/kinds.ts';
import { kindOf } from '../registry/names.ts';
import { type Finding, findInHeader, findPersonal, lookAt } from '../registry/privacy.ts';

/** Where a field was read from, by its first name: `source` from `build.intoto.json`. */
export type Origins = ReadonlyMap<string, string>;

/** Fault `refused` that lists everything that was found in a payload and its subject. */
export function refusePersonal(kind: AdmittedKind, payload: Uint8Array, sub: string, origins: Origins = new Map()) {
  refuseFound([...findPersonal(kind, payload), ...inSubject(sub)], origins);
}

function inSubject(sub: string): Finding[] {
  return [...lookAt(sub, 'uri')].map((what) => ({ path: 'subject', what }));
}

function refuseFound(findings: readonly Finding[], origins: Origins): void {
  if (findings.length === 0) return;
  const list = findings.map(({ path, what }) => {
    const from = origins.get(/^[^.[]*/.exec(path)?.[0] ?? '');
    return `${path}${from === undefined ? '' : ` (from ${from})`} looks like it holds ${what}`;
  });
  const advice =
    'What is logged stays for ever: take it out, or keep it in a document that goes in as evidence, salted';
  throw new Fault('refused', `${list.join('\n')}\n${advice}`, { rule: 'personal-data' });
}

/** The same for a statement that was sent; what is not of a known kind is left to admission. */
export function screen({ contentType, protected: header, payload, sub }: SignedStatement): void {
  const kind = kindOf(contentType);
  if (kind) refuseFound([...findPersonal(kind, payload), ...inSubject(sub), ...findInHeader(header)], new Map());
}
