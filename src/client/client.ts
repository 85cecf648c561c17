/** `limmat/client`: what a program needs to put statements into a log, to have them proven, and to follow it. @module */
export { Fault } from '../core/fault.ts';
export type { Seen } from './follow.ts';
export { bundleOf, type EntryName, Log, type Logged, type LogParts } from './log.ts';
export type { Fetch } from './logclient.ts';
export { fileSpool, type Spool, type Spooled } from './spool.ts';
export { type Resumed, Submitter, type SubmitterParts } from './submitter.ts';
export { formatTrust, parseTrust, type Trust } from './trust.ts';
export type { ProvenVerdict } from './verdict.ts';
export { type Verified, type VerifyOptions, verify } from './verify.ts';
