/** The kinds that rule set 1 admits, one file each, and what a payload of each looks like to TypeScript. @module */
import * as approval from './kinds/approval.ts';
import * as build from './kinds/build.ts';
import * as heartbeat from './kinds/heartbeat.ts';
import * as key from './kinds/key.ts';
import * as policy from './kinds/policy.ts';
import * as site from './kinds/site.ts';
import type { KindName } from './names.ts';
import type { Schema, TypeOf } from './schema.ts';
import type { Admission } from './signers.ts';
import type { Change } from './view.ts';

type Kind = {
  readonly schema: Schema;
  /** The rules that are the kind's own, after those that `admit.ts` applies to all. Changes nothing itself. */
  readonly admit: (admission: Admission<never>) => Change[];
};

export const KINDS = { policy, heartbeat, key, approval, site, build } as const satisfies Partial<
  Record<KindName, Kind>
>;

/** A kind that can be logged. */
export type AdmittedKind = keyof typeof KINDS;
export type Payload<K extends AdmittedKind> = TypeOf<(typeof KINDS)[K]['schema']>;

export function isAdmitted(kind: KindName): kind is AdmittedKind {
  return Object.hasOwn(KINDS, kind);
}
