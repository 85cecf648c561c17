/** The rules that are each kind's own, after those that `admit.ts` applies to all. They change nothing themselves. @module */
import { admit as approval } from './kinds/approval.ts';
import { admit as attestation } from './kinds/attestation.ts';
import { admit as build } from './kinds/build.ts';
import { admit as correction } from './kinds/correction.ts';
import { admit as disclosure } from './kinds/disclosure.ts';
import { admit as heartbeat } from './kinds/heartbeat.ts';
import { admit as key } from './kinds/key.ts';
import { admit as policy } from './kinds/policy.ts';
import { admit as process } from './kinds/process.ts';
import { admit as relocation } from './kinds/relocation.ts';
import { admit as review } from './kinds/review.ts';
import { admit as site } from './kinds/site.ts';
import { admit as withdrawal } from './kinds/withdrawal.ts';
import type { AdmittedKind } from './kinds.ts';
import type { Admission } from './signers.ts';
import type { Change } from './view.ts';

export const KIND_RULES = {
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
} as const satisfies Record<AdmittedKind, (admission: Admission<never>) => Change[]>;
