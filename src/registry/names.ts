/** What the header of a statement says of its payload: the kinds by name, their content types, their subjects. @module */
import { type Kid, toHex } from '../core/bytes.ts';

/** SPEC (VOCABULARY §2): the kinds. A policy may list each of them. */
export const KIND_NAMES = [
  'policy',
  'heartbeat',
  'key',
  'approval',
  'build',
  'withdrawal',
  'site',
  'process',
  'relocation',
  'attestation',
  'review',
  'disclosure',
  'correction',
] as const;
export type KindName = (typeof KIND_NAMES)[number];

export function contentTypeOf(kind: KindName): string {
  return `application/vnd.limmat.${kind}+cbor`;
}

const KINDS_BY_TYPE = new Map(KIND_NAMES.map((kind) => [contentTypeOf(kind), kind]));

/** The inverse of `contentTypeOf`; `undefined` for any other content type. */
export function kindOf(contentType: string): KindName | undefined {
  return KINDS_BY_TYPE.get(contentType);
}

const FACTS: readonly KindName[] = ['build', 'attestation', 'review'];

/**
 * SPEC: `view` is a fold over governance entries only (everything but builds, attestations and reviews). These are
 * also the kinds that must name this log as their audience, and that `admit` itself refuses a second time.
 */
export function isGovernance(kind: KindName): boolean {
  return !FACTS.includes(kind);
}

/** `sub` of policies and heartbeats. */
export const logSubject = (origin: string): string => `log:${origin}`;
/** `sub` of key events: the key spoken about, whoever speaks. */
export const keySubject = (kid: Kid): string => `key:${toHex(kid)}`;
/** `sub` of what speaks about an entry: approvals, withdrawals, corrections, and attestations by their first. */
export const entrySubject = (index: number): string => `entry:${index}`;
/** `sub` of sites, and of reviews, which name their centre. */
export const siteSubject = (siteId: string): string => `site:${siteId}`;
/** `sub` of processes. */
export const processSubject = (processId: string): string => `process:${processId}`;
/** `sub` of the phases of a relocation. */
export const relocationSubject = (relocationId: string): string => `relocation:${relocationId}`;
/** `sub` of disclosures: the country whose authorities asked. */
export const countrySubject = (country: string): string => `country:${country}`;
