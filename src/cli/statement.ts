/**
 * The way of every statement: composed from a draft, written as a draft, signed into a file, or signed, submitted,
 * verified and kept as a proof. The steps can be on one machine or on three. @module
 */
import { basename } from 'node:path';
import type { Command } from 'commander';
import { LogClient } from '../client/logclient.ts';
import { verifyProof } from '../client/offline.ts';
import { TiledLog } from '../client/tiledlog.ts';
import { equal } from '../core/bytes.ts';
import { decodeStatement, entryIdOf, type SignedStatement, signStatement, statementIn } from '../core/cose.ts';
import { Fault } from '../core/fault.ts';
import { kidOf } from '../core/signature.ts';
import { fromJson, toJson } from '../registry/json.ts';
import type { AdmittedKind } from '../registry/kinds.ts';
import { contentTypeOf, isGovernance, kindOf } from '../registry/names.ts';
import { readPayload, subjectOf } from '../registry/payload.ts';
import { createFile, replaceFile } from '../store/durable.ts';
import { readKeyFile } from '../store/keyfile.ts';
import { type CommonOptions, withCommon } from './common.ts';
import { describeProven } from './describe.ts';
import { type Claims, type Draft, type Fields, writeDraft } from './draft.ts';
import { signaturesOf } from './missing.ts';
import { parseBaseUrl, required, requiredUrl, setting } from './options.ts';
import { print } from './print.ts';
import { readVkeys } from './readinput.ts';
import { fillRefs } from './refs.ts';
import { type Origins, refusePersonal } from './screen.ts';
import { checkLog, checkTarget, notKept, notProven, type Place } from './sending.ts';
import { commandLine, quoted } from './shell.ts';
import { readTrust, type Trust, type Trusting, withTrust } from './trust.ts';

/** Where a statement goes. */
export type Target = Trusting & { url?: string; json?: boolean };
/** Who says it, about what, to which log, and with which key. */
export type Signing = { key?: string; issuer?: string; subject?: string; audience?: string };

/** What every command takes that makes a statement. */
export type Stating = Target & Signing & CommonOptions;
/** What commands of which each step can be the last one on this machine write. */
export type StepFiles = { draft?: string; out?: string; proof?: string };

export function withTarget(command: Command): Command {
  return withTrust(command.addOption(setting('--url <url>', 'the log')));
}

export function withSigning(command: Command): Command {
  return command
    .addOption(setting('--key <file>', 'the private key that signs, PKCS#8 in PEM'))
    .addOption(setting('--issuer <id>', 'the organisation that owns the key'))
    .addOption(setting('--audience <origin>', 'the origin of the log (default: as the draft or --vkey says)'));
}

/** Adds the flags of `Stating`. */
export function withStatement(command: Command): Command {
  return withTarget(withSigning(withCommon(command)));
}

/** Adds those of `StepFiles` as well. */
export function withSteps(command: Command): Command {
  return withStatement(command)
    .option('--draft <file>', 'write what is to be signed, YAML or JSON, and sign nothing')
    .addOption(setting('--out <file>', 'write the signed statement, and submit nothing'))
    .addOption(setting('--proof <file>', 'where the proof goes after a submission (default: KIND-INDEX.tlog-proof)'));
}

/** A statement that is ready to be signed. */
export type Composed = {
  readonly kind: AdmittedKind;
  readonly payload: Uint8Array;
  readonly iss: string;
  readonly sub: string;
  readonly aud: string | undefined;
};

/** Checks everything that can be checked without the log, and that nothing is in it that should not be logged. */
export async function compose(draft: Draft, options: Target & Signing, origins?: Origins): Promise<Composed> {
  const { kind, claims } = draft;
  const fields = await fillRefs(kind, draft.fields, leafHashes(options));
  const payload = fromJson(kind, fields);
  tellUnknown(kind, payload, options.json);
  const said = options.subject ?? claims.subject;
  refusePersonal(kind, payload, said ?? '', origins);
  if (said === undefined) requireNamed(kind, payload);
  const issuer = options.issuer ?? claims.issuer;
  const aud = audienceOf(kind, options, claims);
  const sub = said ?? subjectOf(kind, readPayload(kind, payload).value, { origin: aud ?? '' });
  return { kind, payload, iss: required({ issuer }, 'issuer'), sub, aud };
}

/** A misspelt field is no error to the log, which keeps and ignores it; to the one who writes it, it is one. */
function tellUnknown(kind: AdmittedKind, payload: Uint8Array, quiet: boolean | undefined): void {
  const { unknown } = readPayload(kind, payload);
  if (unknown.length === 0 || quiet) return;
  console.error(`limmat: a ${kind} has no ${unknown.join(', ')} that is known; it is kept, and nobody reads it`);
}

/** SPEC: `aud` = the log's origin for all kinds but `build`, `attestation` and `review`, which can go without. */
function audienceOf(kind: AdmittedKind, { audience, vkey }: Target & Signing, claims: Claims): string | undefined {
  const said = audience ?? claims.audience;
  if (said !== undefined || !isGovernance(kind)) return said;
  if (vkey !== undefined) return readVkeys(vkey)[0]?.name;
  throw new Fault('bad-request', '--audience is missing: the origin of the log; or give its keys with --vkey');
}

/** What to give as --subject where the payload does not name it. */
const SUBJECTS: Partial<Record<AdmittedKind, string>> = {
  build: 'PACKAGE-URL, such as pkg:generic/kdb@1',
  key: 'key:KID, with the kid that `limmat keygen` printed',
};

/** Fault `bad-request` for a payload that does not name its subject, with what to give. */
function requireNamed(kind: AdmittedKind, payload: Uint8Array): void {
  const { event } = readPayload(kind, payload).value as { event?: string };
  const hint = event === 'enroll' ? undefined : SUBJECTS[kind];
  if (hint) throw new Fault('bad-request', `--subject is missing: ${hint}`);
}

/** The log that is read for what a statement refers to. Fault `bad-request` if it was not said which. */
export function tiledLog(target: Target, wanted: string): TiledLog {
  const { url, vkey, policy } = target;
  if (url !== undefined && (vkey ?? policy) !== undefined) {
    return new TiledLog(new LogClient(parseBaseUrl('--url', url), fetch).get, readTrust(target));
  }
  throw new Fault('bad-request', `${wanted}: give --url and --vkey, so that it is read from the log and checked`);
}

function leafHashes(options: Target): (index: number) => Promise<Uint8Array> {
  let log: TiledLog | undefined;
  return async (index) => {
    log ??= tiledLog(options, `the reference to entry ${index} has no leafHash`);
    return (await log.entry(index)).leafHash;
  };
}

export function sign(statement: Composed, keyFile: string): Uint8Array {
  const { kind, payload, iss, sub, aud } = statement;
  const signer = readKeyFile(keyFile);
  const audience = aud === undefined ? {} : { aud };
  const header = { kid: kidOf(signer.key), contentType: contentTypeOf(kind), iss, sub, ...audience };
  return signStatement({ signer, ...header, payload });
}

/** How far a statement goes on this machine, and what else is told of it. */
export type Steps = {
  /** Written instead of a signature. */
  readonly draft?: string | undefined;
  /** Written instead of a submission. */
  readonly out?: string | undefined;
  /** Where the proof goes after a submission, by the index of the entry. */
  readonly proof: (index: number) => string;
  /** What is told before the rest. */
  readonly said?: Readonly<Record<string, unknown>>;
  /** What may have to be done after it was logged at an index. */
  readonly next?: (index: number) => string;
};

/** Does what is asked for: a draft, a signed statement, or an entry with its proof. */
export async function finish(statement: Composed, options: Target & Signing, steps: Steps): Promise<void> {
  const { draft, out } = steps;
  if (draft !== undefined && out !== undefined) {
    throw new Fault('bad-request', '--draft writes what is to be signed, --out what is signed: give one of them');
  }
  if (draft !== undefined) keepDraft(draft, statement, options.json, steps);
  else if (out !== undefined) keepStatement(out, sign(statement, required(options, 'key')), options.json, steps);
  else await submit(sign(statement, required(options, 'key')), options, steps);
}

/** `finish` as `withSteps` asks for it. */
export function finishStep(
  statement: Composed,
  options: Target & Signing & StepFiles,
  told: Pick<Steps, 'said' | 'next'>,
): Promise<void> {
  const { draft, out, proof } = options;
  const proofOf = (index: number) => proof ?? proofName(statement.kind, String(index));
  return finish(statement, options, { draft, out, proof: proofOf, ...told });
}

/** Writes what will be signed, for those who look at it and those who sign it. */
function keepDraft(path: string, { kind, payload, iss, sub, aud }: Composed, json: boolean | undefined, steps: Steps) {
  writeDraft(path, {
    kind,
    fields: toJson(kind, payload) as Fields,
    claims: { issuer: iss, subject: sub, ...(aud === undefined ? {} : { audience: aud }) },
  });
  const stem = basename(path).replace(/\.[^.]+$/, '');
  const next = commandLine(`limmat sign ${kind}`, { file: path, key: 'KEY.pem', out: `${stem}.cose` });
  print(json, { ...steps.said, draft: path, next });
}

/** Writes a signed statement, to be submitted from anywhere. */
export function keepStatement(path: string, entry: Uint8Array, json?: boolean, steps?: Pick<Steps, 'said'>): void {
  createFile(path, entry);
  const entryId = entryIdOf(decodeStatement(entry).id);
  const next = `limmat submit statement ${quoted(path)} --url URL --vkey FILE`;
  print(json, { ...steps?.said, statement: path, entryId, bytes: entry.length, next });
}

/** Submits, checks what came back, and writes it down before saying that it is done. */
export async function submit(entry: Uint8Array, options: Target, steps: Steps): Promise<void> {
  const trust = readTrust(options);
  const url = requiredUrl(options);
  const client = new LogClient(url, fetch);
  const { id } = decodeStatement(entry);
  const place: Place = { ...options, url, entryId: entryIdOf(id) };
  checkTarget(steps.proof(0));
  await checkLog(client, trust);
  const proof = await client.submit(entry).catch(async (error: unknown) => {
    throw await notProven(error, client, place);
  });
  let index: number | undefined;
  try {
    const proven = verifyProof(proof, trust.vkeys);
    // Not the same bytes: if it was logged before, with another signature by the same key, that is the entry.
    const logged = statementIn(proven.entry);
    if (!logged || !equal(logged.id, id)) {
      throw new Fault('bad-proof', 'the log answered with the proof of another statement');
    }
    index = proven.index;
    const out = steps.proof(index);
    replaceFile(out, proof);
    // Kept before this is asked: the entry is logged for good, and its proof can get more cosignatures later.
    const witnesses = trust.check({ checkpoint: proven, signed: proven.signed });
    const needed = await stillNeeded(logged, client, trust);
    print(options.json, {
      ...steps.said,
      proof: out,
      ...describeProven(proven),
      witnesses,
      ...needed,
      next: steps.next?.(index),
    });
  } catch (error) {
    throw notKept(error, place, index);
  }
}

/** What an approval that was logged leaves to be done; nothing of any other statement. */
async function stillNeeded(logged: SignedStatement, client: LogClient, trust: Trust): Promise<object> {
  if (kindOf(logged.contentType) !== 'approval') return {};
  const { index } = readPayload('approval', logged.payload).value.ref;
  try {
    const { signatures, missing } = await signaturesOf({ client, log: new TiledLog(client.get, trust) }, index);
    const wanted = `${missing} more: limmat approve --index ${index} --key OTHER-ROOT.pem`;
    return {
      signatures,
      stillNeeded: missing === 0 ? `nothing more: by what this log shows, entry ${index} is in force` : wanted,
    };
  } catch (error) {
    // It is logged, whatever can be told of others.
    if (!(error instanceof Fault)) throw error;
    return { stillNeeded: `not known: ${error.message}` };
  }
}

/** A name for a file that is written where one stands. */
export function proofName(...parts: readonly string[]): string {
  return `${parts.join('-').replaceAll('/', '_')}.tlog-proof`;
}
