/** The kinds that rule set 1 admits, one file each, and what a payload of each looks like to TypeScript. @module */
import * as approval from './kinds/approval.ts';
import * as attestation from './kinds/attestation.ts';
import * as build from './kinds/build.ts';
import * as correction from './kinds/correction.ts';
import * as disclosure from './kinds/disclosure.ts';
import * as heartbeat from './kinds/heartbeat.ts';
import * as key from './kinds/key.ts';
import * as policy from './kinds/policy.ts';
import * as process from './kinds/process.ts';
import * as relocation from './kinds/relocation.ts';
import * as review from './kinds/review.ts';
import * as site from './kinds/site.ts';
import * as withdrawal from './kinds/withdrawal.ts';
import type { KindName } from './names.ts';
import type { Schema, TypeOf } from './schema.ts';
import type { Admission } from './signers.ts';
import type { Change } from './view.ts';

type Kind = {
  readonly schema: Schema;
  /** What it is, for people. */
  readonly about: string;
  /** The rules that are the kind's own, after those that `admit.ts` applies to all. Changes nothing itself. */
  readonly admit: (admission: Admission<never>) => Change[];
};

export const KINDS = {
  policy,
  heartbeat,
  key,
  approval,
  build,
  withdrawal,
  site,
  process,
  relocation,
  attestation,
  review,
  disclosure,
  correction,
} as const satisfies Record<KindName, Kind>;

/** A kind that can be logged: by rule set 1, each that has a name. */
export type AdmittedKind = KindName;
export type Payload<K extends AdmittedKind> = TypeOf<(typeof KINDS)[K]['schema']>;

export function isAdmitted(kind: string): kind is AdmittedKind {
  return Object.hasOwn(KINDS, kind);
}
