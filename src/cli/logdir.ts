/** Where the parts of a log lie: the data directory, and the guard beside it. @module */
import { statSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { Fault } from '../core/fault.ts';

export type LogDirectory = {
  readonly data: string;
  readonly database: string;
  /** What lookups find entries by; made again from the database if it is lost. */
  readonly lookup: string;
  readonly seed: string;
  /** Which token has the keys that the seed does not make; there only if one has. */
  readonly token: string;
  /** The keys that clients pin. */
  readonly vkeys: string;
  /** The key of a log with a token that is in no token; there only if it is not among those. */
  readonly softwareVkey: string;
  readonly guard: string;
  /** What speaks against the log, sent to it by others. */
  readonly evidence: string;
};

/** Fault `bad-request` for a copy of a log that is a file, or where its keys are, or above them: strangers read it. */
export function checkExport(copy: string | undefined, { data }: LogDirectory): void {
  if (copy === undefined) return;
  if (statSync(copy, { throwIfNoEntry: false })?.isDirectory() === false) {
    throw new Fault('bad-request', `--export takes a folder, which is made if it is not there, and ${copy} is a file`);
  }
  const [one, other] = [resolve(copy) + sep, resolve(data) + sep];
  if (!one.startsWith(other) && !other.startsWith(one)) return;
  throw new Fault('bad-request', '--export must be a folder apart from --data, where the keys are: strangers read it');
}

/** Fault `bad-request` for a guard inside the data directory, where a backup would take it along. */
export function logDirectory(data: string, guard = `${data.replace(/[/\\]+$/, '')}.guard`): LogDirectory {
  if (resolve(guard).startsWith(resolve(data) + sep)) {
    throw new Fault(
      'bad-request',
      `the guard ${guard} must lie outside ${data}, so that no backup of the data restores it`,
    );
  }
  return {
    data,
    database: `${data}/log.db`,
    lookup: `${data}/lookup.db`,
    seed: `${data}/seed`,
    token: `${data}/token.json`,
    vkeys: `${data}/log.vkey`,
    softwareVkey: `${data}/log-mldsa44.vkey`,
    guard,
    evidence: `${data}/evidence`,
  };
}
