/**
 * A log in memory, entry by entry: statements are signed with real keys and given to `admit`, and nothing else decides
 * what gets in. Key names are seeds, so that `key('a1')` is the same key wherever a test says it.
 */
import { createHash } from 'node:crypto';
import { type Cbor, encode } from '../../src/core/cbor.ts';
import { decodeStatement, type SignedStatement, signStatement } from '../../src/core/cose.ts';
import { Fault } from '../../src/core/fault.ts';
import { type Algorithm, kidOf, type Signer, signerOf } from '../../src/core/signature.ts';
import { admit } from '../../src/registry/admit.ts';
import type { Ref } from '../../src/registry/common.ts';
import type { Purpose } from '../../src/registry/kinds/key.ts';
import type { Policy } from '../../src/registry/kinds/policy.ts';
import type { AdmittedKind, Payload } from '../../src/registry/kinds.ts';
import { contentTypeOf, KIND_NAMES, type KindName, keySubject } from '../../src/registry/names.ts';
import { payloadOf, subjectOf } from '../../src/registry/payload.ts';
import { enrolProofMessage, writePublicKey } from '../../src/registry/publickey.ts';
import { type Change, type Entry, type Lookup, State, type View } from '../../src/registry/view.ts';
import { leaf, mth } from '../oracle.ts';

export const ORIGIN = 'log.example/acme';
export const START = '2018-11-01T00:00:00Z';

const signers = new Map<string, Signer>();

/** The key of a name. */
export function key(name: string, algorithm: Algorithm = 'ed25519'): Signer {
  const known = signers.get(name + algorithm);
  if (known !== undefined) return known;
  const made = signerOf(algorithm, new Uint8Array(createHash('sha256').update(name).digest()));
  signers.set(name + algorithm, made);
  return made;
}

export const publicBytes = (name: string): Uint8Array => writePublicKey(key(name).key);
export const subjectOfKey = (name: string): string => keySubject(kidOf(key(name).key));

/** A time after the start of the log. */
export function after(days: number, seconds = 0): string {
  const at = new Date(Date.parse(START) + days * 86_400_000 + seconds * 1000);
  return at.toISOString().replace('.000Z', 'Z');
}

type Header = { iss: string; sub: string; aud: string | undefined; contentType: string };

/** Any statement: a payload as CBOR, and every part of the header as it is wanted. */
export function raw(by: string, kind: KindName, payload: Uint8Array, header: Partial<Header> & { iss: string }) {
  const aud = 'aud' in header ? header.aud : ORIGIN;
  return decodeStatement(
    signStatement({
      signer: key(by),
      kid: kidOf(key(by).key),
      contentType: header.contentType ?? contentTypeOf(kind),
      iss: header.iss,
      sub: header.sub ?? `log:${ORIGIN}`,
      payload,
      ...(aud === undefined ? {} : { aud }),
    }),
  );
}

/** A well-formed statement of a kind. */
export function say<K extends AdmittedKind>(
  by: string,
  iss: string,
  kind: K,
  payload: Payload<K>,
  header: Partial<Header> = {},
): SignedStatement {
  const bytes = payloadOf(kind, payload);
  const sub = header.sub ?? subjectOf(kind, payload, { origin: ORIGIN, sub: 'pkg:generic/kdb@1' });
  return raw(by, kind, bytes, { iss, ...header, sub });
}

export const map = (fields: Record<string, Cbor>): Uint8Array => encode(new Map(Object.entries(fields)));

type Roots = {
  readonly [organisation: string]: {
    role: Policy['organisations'][number]['role'];
    roots: string[];
    threshold: number;
  };
};

/** The organisations that most tests have. */
export const ORGANISATIONS = {
  op: { role: 'operator', roots: ['op1'], threshold: 1 },
  acme: { role: 'vendor', roots: ['acme1'], threshold: 1 },
  exam: { role: 'supervisor', roots: ['exam1'], threshold: 1 },
} as const;

export function policyOf(
  organisations: Record<string, { role: string; roots: readonly string[]; threshold: number }>,
  more: Partial<Policy> = {},
): Policy {
  return {
    version: 1,
    origin: ORIGIN,
    rules: 1,
    organisations: Object.entries(organisations).map(([id, { role, roots, threshold }]) => ({
      id,
      name: id.toUpperCase(),
      role: role as Roots[string]['role'],
      rootKeys: roots.map(publicBytes),
      threshold,
    })),
    kinds: KIND_NAMES,
    maxEntryBytes: 4096,
    logKey: publicBytes('log'),
    supervisorNoticeDays: 30,
    ...more,
  };
}

/** Key events that are about a key of `owner`; `by` and `iss` may be someone else's. */
export function enrol(by: string, owner: string, name: string, purpose: Purpose, more: Partial<Payload<'key'>> = {}) {
  const proof = key(name).sign(enrolProofMessage(ORIGIN, owner, purpose, name));
  return say(by, owner, 'key', {
    event: 'enroll',
    keyId: name,
    publicKey: publicBytes(name),
    purpose,
    proof,
    ...more,
  } as Payload<'key'>);
}

const EVIDENCE = { mediaType: 'application/pdf', digest: { alg: 'sha256', value: new Uint8Array(32) }, salted: true };
const EXTRA: Record<string, object> = {
  suspend: { reason: 'lost sight of it' },
  revoke: { reason: 'unspecified' },
  compromise: { reason: 'found elsewhere' },
  destroy: { method: 'shredded', evidence: EVIDENCE },
};

export function keyEvent(
  by: string,
  iss: string,
  name: string,
  event: string,
  more: object = {},
  header: Partial<Header> = {},
) {
  const payload = { event, keyId: name, ...EXTRA[event], ...more } as unknown as Payload<'key'>;
  return say(by, iss, 'key', payload, { sub: subjectOfKey(name), ...header });
}

export const SITE = { siteId: 'zrh-1', country: 'CH', operator: 'Interxion' } as const;
export const BUILD: Payload<'build'> = {
  product: 'kdb',
  version: '2018.12.31.14',
  artifactKind: 'detection-rules',
  artifacts: [{ name: 'kdb.cab', digests: { sha256: new Uint8Array(32).fill(1) }, size: 12_345 }],
  builder: 'https://acme.example/builders/zrh',
  site: 'zrh-1',
};

export const MOSCOW = { event: 'declare', siteId: 'mow-1', country: 'RU', operator: 'acme' } as const;
export const PROCESS: Payload<'process'> = {
  event: 'declare',
  processId: 'samples',
  title: 'Analysis of suspicious files',
  dataCategories: ['file-sample', 'file-metadata'],
};
export const RELOCATION = {
  relocationId: 'samples-eu',
  process: 'samples',
  dataCategories: ['file-sample'],
  subjectCountries: ['CH', 'DE', 'FR'],
  from: ['mow-1'],
  to: ['zrh-1'],
  effectiveAt: '2018-11-13T00:00:00Z',
};

/** What a phase has to say beside its name. */
const OF_PHASE: Record<string, object> = { announced: { due: '2018-12-31T00:00:00Z' }, partial: { percent: 40 } };

/** A phase of the relocation. No two are the same statement if they have a `note` each. */
export function phase(name: string, more: object = {}, by = 'ops', iss = 'acme'): SignedStatement {
  const payload = { phase: name, ...RELOCATION, ...OF_PHASE[name], ...more } as unknown as Payload<'relocation'>;
  return say(by, iss, 'relocation', payload);
}

export class World {
  readonly entries: Entry[] = [];
  readonly state = new State();

  readonly lookup: Lookup = {
    entry: (index) => this.entries[index],
    rootAt: (size) => mth(this.entries.slice(0, size).map(({ leafHash }) => leafHash)),
  };

  /** What would come next. */
  entryOf(statement: SignedStatement, index = this.entries.length): Entry {
    return { index, leafHash: leaf(statement.entry), statement };
  }

  /** Whether it would be admitted: what it changes, or the fault. */
  judge(statement: SignedStatement, view: View = this.state): Change[] {
    return admit(view, this.entryOf(statement), this.lookup);
  }

  judgeAt(index: number, statement: SignedStatement): Change[] {
    return admit(this.state, this.entryOf(statement, index), this.lookup);
  }

  /** Appends what is admitted; throws the fault otherwise, and is as before. */
  add(...statements: SignedStatement[]): this {
    for (const statement of statements) {
      const changes = this.judge(statement);
      this.entries.push(this.entryOf(statement));
      this.state.merge(changes);
    }
    return this;
  }

  /** The log's clock goes on. */
  clock(at: string): this {
    return this.add(say('log', 'op', 'heartbeat', { at }));
  }

  ref(index: number): Ref {
    return { index, leafHash: (this.entries[index] as Entry).leafHash };
  }

  get last(): number {
    return this.entries.length - 1;
  }

  approve(by: string, iss: string, index: number): SignedStatement {
    return say(by, iss, 'approval', { ref: this.ref(index) });
  }
}

/** A log that has begun: policy and first heartbeat. */
export function begun(
  organisations: Parameters<typeof policyOf>[0] = ORGANISATIONS,
  more: Partial<Policy> = {},
): World {
  const [operator, { roots }] = Object.entries(organisations).find(([, { role }]) => role === 'operator') as [
    string,
    Roots[string],
  ];
  const world = new World().add(say(roots[0] as string, operator, 'policy', policyOf(organisations, more)));
  return world.clock(START);
}

/** A log in which acme builds: keys `ops` and `bld`, active, and the site. */
export function building(organisations: Parameters<typeof policyOf>[0] = ORGANISATIONS): World {
  const world = begun(organisations);
  for (const [name, purpose] of [
    ['ops', 'operations'],
    ['bld', 'build'],
  ] as const) {
    world.add(enrol('acme1', 'acme', name, purpose), keyEvent('acme1', 'acme', name, 'activate'));
  }
  return world.add(say('ops', 'acme', 'site', { event: 'declare', ...SITE }));
}

/** A log in which acme has moved nothing yet, though it can: a process, a site to move it from, and one to move it to. */
export function processing(): World {
  const world = building().add(say('ops', 'acme', 'process', PROCESS));
  return world.add(say('ops', 'acme', 'site', MOSCOW));
}

/** The same, with the supervisor `exam` that has a key `sup`, and a rebuilder `redo` with a key `reb`. */
export function supervised(): World {
  const world = processing().add(
    say('op1', 'op', 'policy', policyOf({ ...ORGANISATIONS, redo: REBUILDER }, { version: 2 })),
  );
  world.add(enrol('exam1', 'exam', 'sup', 'supervision'), keyEvent('exam1', 'exam', 'sup', 'activate'));
  return world.add(enrol('redo1', 'redo', 'reb', 'rebuild'), keyEvent('redo1', 'redo', 'reb', 'activate'));
}

export const REBUILDER = { role: 'rebuilder', roots: ['redo1'], threshold: 1 } as const;

/** Adds a statement; answers the refusal, if the rules refuse it. */
export function attempt(world: World, statement: SignedStatement): Fault | undefined {
  try {
    world.add(statement);
    return undefined;
  } catch (error) {
    if (error instanceof Fault && error.code === 'refused') return error;
    throw error;
  }
}
