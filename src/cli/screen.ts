/** The watch for personal data and secrets, before anything is signed or submitted: what is logged stays. @module */

import type { SignedStatement } from '../core/cose.ts';
import { Fault } from '../core/fault.ts';
import type { AdmittedKind } from '../registry/kinds.ts';
import { kindOf } from '../registry/names.ts';
import { findPersonal } from '../registry/privacy.ts';

/** Fault `refused` that lists what was found in a payload. */
export function refusePersonal(kind: AdmittedKind, payload: Uint8Array): void {
  const findings = findPersonal(kind, payload);
  if (findings.length === 0) return;
  const list = findings.map(({ path, what }) => `${path} looks like it holds ${what}`).join('; ');
  throw new Fault('refused', `${list}. What is logged stays for ever: take it out`, { rule: 'personal-data' });
}

/** The same for a statement that was sent; what is not of a known kind is left to admission. */
export function screen({ contentType, payload }: SignedStatement): void {
  const kind = kindOf(contentType);
  if (kind) refusePersonal(kind, payload);
}
