/**
 * What is around the sending of a statement: what can be checked before, so that nothing is logged that cannot be proven
 * here afterwards, and what is to be done next if it fails. @module
 */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { LogClient } from '../client/logclient.ts';
import { openCheckpoint } from '../core/cosignature.ts';
import { Fault } from '../core/fault.ts';
import { isSystemError, sentenceOf } from './exit.ts';
import { explained } from './hints.ts';
import { commandLine } from './shell.ts';
import type { Trust, Trusting } from './trust.ts';

/** Fault `bad-request` if a file cannot be written there, as far as this shows before it is. */
export function checkTarget(path: string): void {
  const folder = dirname(path);
  const bad = (what: string) => new Fault('bad-request', `the proof cannot be written to ${path}: ${what}`);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw bad(`there is no folder ${folder}, make it`);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw bad('it is a folder, name a file in it');
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    throw bad(`nothing may be written in ${folder}`);
  }
}

/** Faults as `openCheckpoint` if what the log has published is not by the pinned keys. It may not have published yet. */
export async function checkLog(client: LogClient, { vkeys }: Trust): Promise<void> {
  const note = await client.get('checkpoint').catch((error: unknown) => {
    if (error instanceof Fault && error.code === 'unknown-resource') return undefined;
    throw error;
  });
  try {
    if (note) openCheckpoint(note, vkeys);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const next = 'see that --url is that of the log, and the keys are its own';
    throw new Fault(error.code, `nothing was sent: ${error.message}\nNext: ${next}`, { cause: error });
  }
}

/** Where the proof of a statement is to be had. */
export type Place = Trusting & { readonly url: string; readonly entryId: string };

/** The command that fetches it. */
function fetching({ url, vkey, policy, maxAge, entryId }: Place): string {
  return commandLine('limmat proof', { url, vkey, policy, 'max-age': maxAge, entry: entryId });
}

/** Why a log did not answer with a proof, and what to do next. */
export async function notProven(error: unknown, client: LogClient, place: Place): Promise<unknown> {
  if (!(error instanceof Fault) || error.code !== 'unknown-resource') return explained(error);
  const { code, message, retryAfter } = error;
  if (retryAfter !== undefined) {
    return new Fault(code, `${message}\nNext: ${fetching(place)}`, { retryAfter, cause: error });
  }
  if (!(await isOpaque(client))) return error;
  const what = `${place.url} is a log of opaque entries, which takes no statements`;
  return new Fault(code, `${what}: send it bytes with POST /add, or give the --url of a log of statements`);
}

async function isOpaque(client: LogClient): Promise<boolean> {
  try {
    const about = JSON.parse(new TextDecoder().decode(await client.get('v1/log'))) as { entries?: unknown };
    return about.entries === 'opaque';
  } catch {
    return false; // whatever it is
  }
}

/** What failed after a log had answered that it has the statement: at an index, if that is proven. */
export function notKept(error: unknown, place: Place, index: number | undefined): unknown {
  if (!(error instanceof Fault) && !isSystemError(error)) return error;
  const logged = index === undefined ? 'the log says that it has the entry' : `the entry is logged, at index ${index}`;
  const message = `${logged}, as ${place.url}/entries/${place.entryId}; but: ${sentenceOf(error)}`;
  const code = error instanceof Fault ? error.code : 'bad-request';
  return new Fault(code, `${message}\nNext: ${fetching(place)}`, { cause: error });
}
