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

type Kind = {
  readonly schema: Schema;
  /** What it is, for people. */
  readonly about: string;
};

// Field by field, so that who only reads payloads, like a page, need not carry the rules: `kindrules.ts` has those.
export const KINDS = {
  policy: { schema: policy.schema, about: policy.about },
  heartbeat: { schema: heartbeat.schema, about: heartbeat.about },
  key: { schema: key.schema, about: key.about },
  approval: { schema: approval.schema, about: approval.about },
  build: { schema: build.schema, about: build.about },
  withdrawal: { schema: withdrawal.schema, about: withdrawal.about },
  site: { schema: site.schema, about: site.about },
  process: { schema: process.schema, about: process.about },
  relocation: { schema: relocation.schema, about: relocation.about },
  attestation: { schema: attestation.schema, about: attestation.about },
  review: { schema: review.schema, about: review.about },
  disclosure: { schema: disclosure.schema, about: disclosure.about },
  correction: { schema: correction.schema, about: correction.about },
} as const satisfies Record<KindName, Kind>;

/** A kind that can be logged: by rule set 1, each that has a name. */
export type AdmittedKind = KindName;
export type Payload<K extends AdmittedKind> = TypeOf<(typeof KINDS)[K]['schema']>;

export function isAdmitted(kind: string): kind is AdmittedKind {
  return Object.hasOwn(KINDS, kind);
}
