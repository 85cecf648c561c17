/** Exit codes, the same for every command, and how a command ends badly. @module */
import { Fault, type FaultCode, messageOf } from '../core/fault.ts';
import { visible } from './print.ts';

export const OK = 0;
/** What was checked is not so: a proof, a signature, a tile, an entry. */
export const FAILED = 1;
/** The call or its input cannot be used as it is. */
export const USAGE = 2;
/** The log or its rules would not: refused, full, frozen, not reachable. */
export const UNAVAILABLE = 3;
/** An error of ours. */
export const BUG = 4;

export const EXIT_CODES = `Exit codes:
  0  done, and all that was checked is so
  1  what was checked is not so
  2  the call or its input cannot be used
  3  the log or its rules refused, or it could not be reached
  4  an error of limmat itself`;

const NOT_SO: readonly FaultCode[] = [
  'bad-signature',
  'unknown-signer',
  'bad-proof',
  'bad-tile',
  'bad-receipt',
  'no-quorum',
];
const LOG_SAID_NO: readonly FaultCode[] = [
  'refused',
  'pool-full',
  'read-only',
  'frozen',
  'stopping',
  'request-timeout',
  'internal',
];

export function exitCode(error: unknown): number {
  if (isSystemError(error)) return USAGE;
  if (!(error instanceof Fault)) return BUG;
  if (NOT_SO.includes(error.code)) return FAILED;
  // Whoever is told when to ask again may ask again.
  if (error.retryAfter !== undefined) return UNAVAILABLE;
  return LOG_SAID_NO.includes(error.code) ? UNAVAILABLE : USAGE;
}

/** What the operating system would not do: a file that may not be read, a port that is taken, a folder that is none. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

const SYSTEM_SAYS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of this path is a file, and no folder',
  EISDIR: 'it is a folder: name a file in it',
  EACCES: 'this user may not: change its owner or its mode, or name another',
  EPERM: 'this user may not: change its owner or its mode, or name another',
  EROFS: 'that disk can only be read: name another place',
  ENOSPC: 'the disk is full: make room, or name another place',
};

/** The message of an error, and of one of the operating system a sentence with the file and what to do. */
export function sentenceOf(error: unknown): string {
  const known = isSystemError(error) && SYSTEM_SAYS[error.code ?? ''];
  if (!known) return messageOf(error);
  if (error.path !== undefined) return `${error.path}: ${known}`;
  // A write that fails does not say to which file, and can fail so for nothing else.
  return error.code === 'ENOSPC' ? known : messageOf(error);
}

/** Says what went wrong, on standard error; as one JSON object if asked. */
export function complain(error: unknown, json: boolean): void {
  const code = error instanceof Fault ? error.code : isSystemError(error) ? 'bad-request' : 'bug';
  const rule = error instanceof Fault ? error.rule : undefined;
  if (json) console.error(JSON.stringify({ error: { code, rule, message: sentenceOf(error) } }));
  else console.error(visible(`limmat: ${rule ? `${rule}: ` : ''}${sentenceOf(error)}`));
  if (code === 'bug' && error instanceof Error && process.env.LIMMAT_TRACE) console.error(error.stack);
}
