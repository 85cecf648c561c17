import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/core/bytes.ts';
import { type Cbor, encode } from '../../src/core/cbor.ts';
import type { SignedStatement } from '../../src/core/cose.ts';
import { toCoseKey } from '../../src/core/cosekey.ts';
import { COSIGNATURE_ED25519, formatVkey, NOTE_ED25519, vkeyOf } from '../../src/core/note.ts';
import { admit, signerKey } from '../../src/registry/admit.ts';
import type { Policy } from '../../src/registry/kinds/policy.ts';
import type { Payload } from '../../src/registry/kinds.ts';
import type { Rule } from '../../src/registry/rule.ts';
import { EMPTY, knownKeys, type View } from '../../src/registry/view.ts';
import { faults, sameBytes } from '../check.ts';
import { judgeRows, type Row } from './rows.ts';
import {
  after,
  BUILD,
  begun,
  building,
  enrol,
  key,
  keyEvent,
  map,
  ORGANISATIONS,
  policyOf,
  publicBytes,
  raw,
  SITE,
  say,
  subjectOfKey,
  World,
} from './world.ts';

// The rules that all kinds share, and those of policies, keys, approvals, sites and builds; other kinds have files of
// their own.

const empty = () => new World();
const genesisOnly = () => empty().add(say('op1', 'op', 'policy', policyOf(ORGANISATIONS)));
const firstPolicy = (more: Partial<Policy> = {}) => say('op1', 'op', 'policy', policyOf(ORGANISATIONS, more));
const nextPolicy = (more: Partial<Policy> = {}, organisations: Parameters<typeof policyOf>[0] = ORGANISATIONS) =>
  say('op1', 'op', 'policy', policyOf(organisations, { version: 2, ...more }));
const build = (more: Partial<Payload<'build'>> = {}, header = {}) =>
  say('bld', 'acme', 'build', { ...BUILD, ...more }, { aud: undefined, ...header });
const site = (more: Partial<Payload<'site'>> = {}, by = 'ops', iss = 'acme') =>
  say(by, iss, 'site', { event: 'declare', ...SITE, siteId: 'gva-1', ...more });
const heartbeat = (at = after(1), by = 'log') => say(by, 'op', 'heartbeat', { at });
const event = (name: string, what: string, more = {}, header = {}) =>
  keyEvent('acme1', 'acme', name, what, more, header);

/** A statement whose entry has exactly `size` bytes: a field that nobody knows fills it up. */
function sized(size: number): SignedStatement {
  const make = (padding: number) =>
    raw('log', 'heartbeat', map({ at: after(1), x: new Uint8Array(padding) }), { iss: 'op' });
  return make(size - make(300).entry.length + 300);
}
const small = () => begun(ORGANISATIONS, { maxEntryBytes: 1024 });

const general: Row[] = [
  ['genesis', 'entry 0 is not a policy', empty, () => heartbeat(), () => firstPolicy()],
  [
    'genesis',
    'the first policy is signed by another root',
    empty,
    () => say('acme1', 'op', 'policy', policyOf(ORGANISATIONS)),
    () => firstPolicy(),
  ],
  [
    'genesis',
    'the first policy is issued by another organisation that it names',
    empty,
    () => say('op1', 'acme', 'policy', policyOf(ORGANISATIONS)),
    () => firstPolicy(),
  ],
  [
    'genesis',
    'entry 1 is not a heartbeat',
    genesisOnly,
    () => enrol('acme1', 'acme', 'ops', 'operations'),
    () => heartbeat(),
  ],
  ['policy-version', 'the first policy has version 2', empty, () => firstPolicy({ version: 2 }), () => firstPolicy()],
  [
    'audience',
    'the first policy is for another log',
    empty,
    () => say('op1', 'op', 'policy', policyOf(ORGANISATIONS), { aud: 'log.example/other' }),
    () => firstPolicy(),
  ],
  [
    'subject',
    'the first policy speaks about another log',
    empty,
    () => say('op1', 'op', 'policy', policyOf(ORGANISATIONS), { sub: 'log:log.example/other' }),
    () => firstPolicy(),
  ],
  [
    'size',
    'the first policy is larger than it allows',
    empty,
    () => raw('op1', 'policy', bigPolicy(1025), { iss: 'op' }),
    () => raw('op1', 'policy', bigPolicy(1024), { iss: 'op' }),
  ],
  [
    'reference',
    'the first policy refers to something',
    empty,
    () => firstPolicy({ refs: [{ index: 0, leafHash: new Uint8Array(32) as never }] }),
    () => firstPolicy(),
  ],
  [
    'notice',
    'the first policy brings notes',
    empty,
    () => firstPolicy({ notice: [NOTE, NOTE] }),
    () => firstPolicy({ announces: [{ removes: 'exam' }] }),
  ],
  [
    'kind',
    'a content type of nobody',
    begun,
    () =>
      raw('log', 'heartbeat', map({ at: after(1) }), { iss: 'op', contentType: 'application/vnd.limmat.rumour+cbor' }),
    () => heartbeat(),
  ],
  [
    'kind',
    'a kind that the policy does not list',
    () => begun(ORGANISATIONS, { kinds: ['policy', 'heartbeat', 'key'] }),
    () => site(),
    () => enrol('acme1', 'acme', 'ops', 'operations'),
  ],
  ['size', 'one byte too many', small, () => sized(1025), () => sized(1024)],
  [
    'audience',
    'none, of a governance statement',
    building,
    () => say('ops', 'acme', 'site', { event: 'declare', ...SITE, siteId: 'gva-1' }, { aud: undefined }),
    () => site(),
  ],
  ['audience', 'another log, of a build', building, () => build({}, { aud: 'log.example/other' }), () => build()],
  [
    'audience',
    'a part of the origin, of a build',
    building,
    () => build({}, { aud: 'log.example' }),
    () => build({}, { aud: 'log.example/acme' }),
  ],
  ['repeated', 'the same heartbeat', () => begun().add(heartbeat()), () => heartbeat(), () => heartbeat(after(2))],
  [
    'repeated',
    'the same approval, with another signature',
    () => proposed(),
    (w) => w.add(w.approve('a2', 'acme', 2)).approve('a2', 'acme', 2),
    (w) => w.approve('a3', 'acme', 2),
  ],
  [
    'reference',
    'to the entry itself',
    building,
    (w) => build({ refs: [{ index: w.last + 1, leafHash: w.ref(0).leafHash }] }),
    (w) => build({ refs: [w.ref(w.last)] }),
  ],
  [
    'reference',
    'with the leaf hash of another entry',
    building,
    (w) => build({ refs: [w.ref(0), { index: 1, leafHash: w.ref(0).leafHash }] }),
    (w) => build({ refs: [w.ref(0), w.ref(1)] }),
  ],
];

/** A policy that is an entry of exactly `size` bytes and allows 1024. */
function bigPolicy(size: number): Uint8Array {
  const fields = (note: number) => {
    const only = { op: ORGANISATIONS.op };
    return { ...policyOf(only, { maxEntryBytes: 1024, kinds: ['policy', 'heartbeat'] }), x: new Uint8Array(note) };
  };
  const make = (padding: number) => payload(fields(padding));
  return make(size - raw('op1', 'policy', make(300), { iss: 'op' }).entry.length + 300);
}

function payload(fields: object): Uint8Array {
  const cbor = (value: unknown): Cbor => {
    if (Array.isArray(value)) return value.map(cbor);
    if (typeof value !== 'object' || value instanceof Uint8Array) return value as Cbor;
    return new Map(Object.entries(value as object).map(([name, item]) => [name, cbor(item)]));
  };
  return encode(cbor(fields));
}

const NOTE = new Uint8Array(10);

/** Entry 2 is the proposal of acme to enroll `ops`. */
function proposed(threshold = 3, roots: readonly string[] = ['a1', 'a2', 'a3', 'a4']): World {
  const world = begun({ ...ORGANISATIONS, acme: { role: 'vendor', roots, threshold } });
  return world.add(enrol('a1', 'acme', 'ops', 'operations'));
}

const withoutAcme = { op: ORGANISATIONS.op, exam: ORGANISATIONS.exam };
/** acme agrees to leave. */
function acmeLeft(): World {
  const world = building().add(nextPolicy({}, withoutAcme));
  return world.add(world.approve('acme1', 'acme', world.last));
}

/** acme has changed its root key from acme1 to acme2. */
const newRoot = { ...ORGANISATIONS, acme: { role: 'vendor', roots: ['acme2'], threshold: 1 } };
function rootChanged(world = building()): World {
  world.add(nextPolicy({}, newRoot));
  return world.add(world.approve('acme1', 'acme', world.last));
}

const suspended = () => building().add(event('bld', 'suspend'));
const expiring = (at: string) =>
  begun()
    .add(enrol('acme1', 'acme', 'ops', 'operations', { notAfter: after(10) }), event('ops', 'activate'))
    .clock(at);
/** `bld` is superseded by `bld2`. */
function superseded(overlap: object, at = after(10)): World {
  return building()
    .add(enrol('acme1', 'acme', 'bld2', 'build'), event('bld2', 'activate'))
    .add(event('bld', 'supersede', { successor: 'bld2', ...overlap }))
    .clock(at);
}

const signers: Row[] = [
  ['key-unknown', 'a key of nobody', building, () => say('nobody', 'acme', 'build', BUILD), () => build()],
  [
    'key-unknown',
    'a key that is only proposed',
    () => proposed().clock(after(1)),
    () => site({}, 'ops'),
    (w) => w.approve('a2', 'acme', 2),
  ],
  [
    'key-unknown',
    'an event of a key of nobody',
    building,
    () => event('nobody', 'retire'),
    () => event('bld', 'retire'),
  ],
  ['key-unknown', 'an event of a root key', building, () => event('acme1', 'retire'), () => event('bld', 'retire')],
  ['owner', 'a working key of another organisation', building, () => say('bld', 'op', 'build', BUILD), () => build()],
  [
    'owner',
    'a root key of another organisation',
    building,
    () => keyEvent('op1', 'acme', 'bld', 'retire'),
    () => event('bld', 'retire'),
  ],
  [
    'owner',
    'another organisation’s key',
    building,
    () => keyEvent('op1', 'op', 'bld', 'suspend'),
    () => event('bld', 'suspend'),
  ],
  [
    'owner',
    'a supervisor that does more than suspend',
    building,
    () => keyEvent('exam1', 'exam', 'bld', 'retire'),
    () => keyEvent('exam1', 'exam', 'bld', 'suspend'),
  ],
  [
    'owner',
    'a policy of the vendor',
    begun,
    () => say('acme1', 'acme', 'policy', policyOf(ORGANISATIONS, { version: 2 })),
    () => nextPolicy(),
  ],
  ['organisation', 'a working key of one that left', acmeLeft, () => build(), () => heartbeat()],
  [
    'organisation',
    'a root key of one that left',
    acmeLeft,
    () => event('bld', 'retire'),
    () => keyEvent('bld', 'acme', 'bld', 'compromise'),
  ],
  [
    'key-state',
    'a key that was never activated',
    () => begun().add(enrol('acme1', 'acme', 'ops', 'operations')),
    () => site(),
    () => event('ops', 'activate'),
  ],
  ['key-state', 'a suspended key', suspended, () => build(), () => event('bld', 'resume')],
  ['key-state', 'a retired key', () => building().add(event('bld', 'retire')), () => build(), () => site()],
  [
    'key-state',
    'a superseded key without overlap',
    () => superseded({}),
    () => build(),
    () => say('bld2', 'acme', 'build', BUILD),
  ],
  [
    'key-state',
    'a root that is not in force',
    rootChanged,
    () => event('bld', 'retire'),
    () => keyEvent('acme2', 'acme', 'bld', 'retire'),
  ],
  ['key-purpose', 'a build key that declares a site', building, () => site({}, 'bld'), () => site()],
  ['key-purpose', 'an operations key that builds', building, () => say('ops', 'acme', 'build', BUILD), () => build()],
  ['key-purpose', 'a root key that builds', building, () => say('acme1', 'acme', 'build', BUILD), () => build()],
  ['key-purpose', 'the log key that declares a site', building, () => site({}, 'log', 'op'), () => site()],
  ['key-purpose', 'a root key that makes a heartbeat', begun, () => heartbeat(after(1), 'op1'), () => heartbeat()],
  [
    'root-only',
    'a working key that retires itself',
    building,
    () => keyEvent('bld', 'acme', 'bld', 'retire'),
    () => event('bld', 'retire'),
  ],
  [
    'root-only',
    'a working key that suspends itself',
    building,
    () => keyEvent('bld', 'acme', 'bld', 'suspend'),
    () => event('bld', 'suspend'),
  ],
  [
    'root-only',
    'a working key that reports another one',
    building,
    () => keyEvent('bld', 'acme', 'ops', 'compromise'),
    () => keyEvent('bld', 'acme', 'bld', 'compromise'),
  ],
  [
    'root-only',
    'a policy signed by the log key',
    begun,
    () => say('log', 'op', 'policy', policyOf(ORGANISATIONS, { version: 2 })),
    () => nextPolicy(),
  ],
  [
    'root-only',
    'an approval by a working key',
    () => building().add(nextPolicy({}, newRoot)),
    (w) => w.approve('bld', 'acme', w.last),
    (w) => w.approve('acme1', 'acme', w.last),
  ],
];

// Two worlds a second apart: the statement is refused in the second.
const boundaries: [Rule, string, (seconds: number) => World, (world: World) => SignedStatement][] = [
  ['key-state', 'notAfter has passed', (s) => expiring(after(10, s)), () => site()],
  ['key-state', 'overlapUntil has passed', (s) => superseded({ overlapUntil: after(10) }, after(10, s)), () => build()],
  [
    'proposal-lapsed',
    'thirty days have passed',
    (s) => proposed(2).clock(after(30, s)),
    (w) => w.approve('a2', 'acme', 2),
  ],
];

const keys: Row[] = [
  [
    'public-key',
    'a COSE_Key with a kid',
    begun,
    () =>
      enrol('acme1', 'acme', 'ops', 'operations', {
        publicKey: encode(toCoseKey({ key: key('ops').key, kid: new Uint8Array(2) })),
      } as never),
    () => enrol('acme1', 'acme', 'ops', 'operations'),
  ],
  [
    'public-key',
    'a point of small order in a policy',
    empty,
    () => firstPolicy({ logKey: smallOrder() }),
    () => firstPolicy(),
  ],
  ['public-key', 'no CBOR', empty, () => firstPolicy({ logKey: Uint8Array.of(0xff) }), () => firstPolicy()],
  [
    'proof',
    'of another key',
    begun,
    () => enrol('acme1', 'acme', 'ops', 'operations', { proof: key('bld').sign(proofMessage('operations')) } as never),
    () => enrol('acme1', 'acme', 'ops', 'operations', { proof: key('ops').sign(proofMessage('operations')) } as never),
  ],
  [
    'proof',
    'for another purpose',
    begun,
    () => enrol('acme1', 'acme', 'ops', 'operations', { proof: key('ops').sign(proofMessage('build')) } as never),
    () => enrol('acme1', 'acme', 'ops', 'operations'),
  ],
  ['taken', 'a keyId', building, () => enrolAs('new', 'bld'), () => enrolAs('new', 'bld3')],
  [
    'taken',
    'a public key, by the same organisation',
    building,
    () => enrolAs('bld', 'bld3'),
    () => enrolAs('new', 'bld3'),
  ],
  [
    'taken',
    'a public key, by another organisation',
    building,
    () => enrol('op1', 'op', 'bld', 'build'),
    () => enrol('op1', 'op', 'opbld', 'build'),
  ],
  [
    'taken',
    'a root key as a working key',
    begun,
    () => enrol('acme1', 'acme', 'op1', 'build'),
    () => enrol('acme1', 'acme', 'bld', 'build'),
  ],
  [
    'taken',
    'a root key that was replaced',
    rootChanged,
    () => enrol('acme2', 'acme', 'acme1', 'build'),
    () => enrol('acme2', 'acme', 'bld3', 'build'),
  ],
  [
    'transition',
    'activate twice',
    building,
    () => event('bld', 'activate', { note: 'again' }),
    () => event('bld', 'suspend'),
  ],
  [
    'since',
    'before the enrolment',
    building,
    () => event('bld', 'compromise', { since: 3 }),
    () => event('bld', 'compromise', { since: 4 }),
  ],
  [
    'since',
    'in the future',
    building,
    (w) => event('bld', 'compromise', { since: w.last + 2 }),
    (w) => event('bld', 'compromise', { since: w.last + 1 }),
  ],
  [
    'since',
    'none by a root',
    building,
    () => event('bld', 'compromise'),
    () => event('bld', 'compromise', { since: 5 }),
  ],
  [
    'since',
    'given by the key itself',
    building,
    (w) => keyEvent('bld', 'acme', 'bld', 'compromise', { since: w.last + 1 }),
    () => keyEvent('bld', 'acme', 'bld', 'compromise'),
  ],
  [
    'since',
    'not earlier',
    () => building().add(event('bld', 'compromise', { since: 5 })),
    () => event('bld', 'compromise', { since: 5, note: 'again' }),
    () => event('bld', 'compromise', { since: 4 }),
  ],
  [
    'since',
    'not earlier, though the key was destroyed in the meantime',
    () => building().add(event('bld', 'compromise', { since: 5 }), event('bld', 'destroy')),
    () => event('bld', 'compromise', { since: 6 }),
    () => event('bld', 'compromise', { since: 4 }),
  ],
  [
    'transition',
    'a destroyed key that reports itself',
    () => building().add(event('bld', 'retire'), event('bld', 'destroy')),
    () => keyEvent('bld', 'acme', 'bld', 'compromise'),
    () => event('bld', 'compromise', { since: 5 }),
  ],
  [
    'successor',
    'unknown',
    twoBuildKeys,
    () => event('bld', 'supersede', { successor: 'bld9' }),
    () => event('bld', 'supersede', { successor: 'bld2' }),
  ],
  [
    'successor',
    'itself',
    twoBuildKeys,
    () => event('bld', 'supersede', { successor: 'bld' }),
    () => event('bld', 'supersede', { successor: 'bld2' }),
  ],
  [
    'successor',
    'of another purpose',
    twoBuildKeys,
    () => event('bld', 'supersede', { successor: 'ops' }),
    () => event('bld', 'supersede', { successor: 'bld2' }),
  ],
  [
    'successor',
    'not active',
    () => building().add(enrolAs('bld2', 'bld2')),
    () => event('bld', 'supersede', { successor: 'bld2' }),
    () => event('bld2', 'activate'),
  ],
  [
    'successor',
    'expired',
    () => building().add(enrol('acme1', 'acme', 'bld2', 'build', { notAfter: after(-1) }), event('bld2', 'activate')),
    () => event('bld', 'supersede', { successor: 'bld2' }),
    () => event('bld', 'retire'),
  ],
  [
    'subject',
    'a key event with the keyId of another key',
    building,
    () => event('bld', 'retire', { keyId: 'ops' }),
    () => event('bld', 'retire'),
  ],
  [
    'subject',
    'a key event about no key',
    building,
    () => event('bld', 'retire', {}, { sub: 'pkg:generic/kdb@1' }),
    () => event('bld', 'retire'),
  ],
  [
    'subject',
    'an enrolment that names another key',
    begun,
    () => say('acme1', 'acme', 'key', enrolPayload(), { sub: subjectOfKey('bld') }),
    () => say('acme1', 'acme', 'key', enrolPayload()),
  ],
];

function enrolPayload(): Payload<'key'> {
  return {
    event: 'enroll',
    keyId: 'ops',
    publicKey: publicBytes('ops'),
    purpose: 'operations',
    proof: key('ops').sign(proofMessage('operations')),
  };
}

/** The message of VOCABULARY §3, written out in CBOR by hand. */
function proofMessage(purpose: string, keyId = 'ops'): Uint8Array {
  const text = (value: string) => [0x60 + value.length, ...Buffer.from(value)];
  return Uint8Array.of(0x85, ...['limmat/enroll/v1', 'log.example/acme', 'acme', purpose, keyId].flatMap(text));
}

/** Enrolls the key `name` under some keyId, for builds. */
function enrolAs(name: string, keyId: string): SignedStatement {
  const proof = key(name).sign(proofMessage('build', keyId));
  return say('acme1', 'acme', 'key', { event: 'enroll', keyId, publicKey: publicBytes(name), purpose: 'build', proof });
}

function twoBuildKeys(): World {
  return building().add(enrolAs('bld2', 'bld2'), event('bld2', 'activate'));
}

function smallOrder(): Uint8Array {
  const bytes = Uint8Array.from(publicBytes('log'));
  return bytes.fill(0, bytes.length - 32);
}

const retiredSite = () => building().add(site({ siteId: 'zrh-1', event: 'retire' }));
const facts: Row[] = [
  [
    'subject',
    'a site that is not the one of the payload',
    building,
    () => say('ops', 'acme', 'site', { event: 'declare', ...SITE, siteId: 'gva-1' }, { sub: 'site:zrh-1' }),
    () => site(),
  ],
  ['taken', 'a siteId', building, () => site({ siteId: 'zrh-1', note: 'again' }), () => site({ siteId: 'zrh-2' })],
  [
    'taken',
    'the siteId of a site that is retired',
    retiredSite,
    () => site({ siteId: 'zrh-1', note: 'again' }),
    () => site({ siteId: 'zrh-2' }),
  ],
  [
    'site',
    'retired and never declared',
    building,
    () => site({ event: 'retire' }),
    () => site({ event: 'retire', siteId: 'zrh-1' }),
  ],
  [
    'site',
    'retired in another country',
    building,
    () => site({ event: 'retire', siteId: 'zrh-1', country: 'DE' }),
    () => site({ event: 'retire', siteId: 'zrh-1' }),
  ],
  [
    'site',
    'retired from another operator',
    building,
    () => site({ event: 'retire', siteId: 'zrh-1', operator: 'NTS' }),
    () => site({ event: 'retire', siteId: 'zrh-1' }),
  ],
  [
    'transition',
    'retired twice',
    retiredSite,
    () => site({ event: 'retire', siteId: 'zrh-1', note: 'again' }),
    () => site({ siteId: 'zrh-2' }),
  ],
  ['country', 'a code of nobody', building, () => rawSite({ country: 'EU' }), () => rawSite({ country: 'CH' })],
  [
    'country',
    'among the jurisdictions',
    building,
    () => rawSite({ jurisdictions: ['CH', 'XX'] }),
    () => rawSite({ jurisdictions: ['CH', 'DE'] }),
  ],
  ['country', 'the locode of another', building, () => site({ locode: 'DEFRA' }), () => site({ locode: 'CHZRH' })],
  [
    'country',
    'the subdivision of another',
    building,
    () => site({ subdivision: 'DE-BW' }),
    () => site({ subdivision: 'CH-ZH' }),
  ],
  ['site', 'of a build, unknown', building, () => build({ site: 'gva-1' }), () => build()],
  ['site', 'of a build, retired', retiredSite, () => build(), () => site()],
  [
    'site',
    'of a build, of another organisation',
    otherBuilder,
    () => say('opbld', 'op', 'build', BUILD),
    () => build(),
  ],
  [
    'site',
    'of a key, unknown',
    building,
    () => enrol('acme1', 'acme', 'bld3', 'build', { site: 'gva-1' }),
    () => enrol('acme1', 'acme', 'bld3', 'build', { site: 'zrh-1' }),
  ],
  [
    'subject',
    'of a build, not a package URL',
    building,
    () => build({}, { sub: 'kdb@1' }),
    () => build({}, { sub: 'pkg:x' }),
  ],
  [
    'subject',
    'of a build, too long',
    building,
    () => build({}, { sub: `pkg:${'x'.repeat(509)}` }),
    () => build({}, { sub: `pkg:${'x'.repeat(508)}` }),
  ],
  [
    'subject',
    'of a build, with a line feed',
    building,
    () => build({}, { sub: 'pkg:x\ny' }),
    () => build({}, { sub: 'pkg:xy' }),
  ],
  [
    'subject',
    'of a build, not NFC',
    building,
    () => build({}, { sub: 'pkg:u\u0308' }),
    () => build({}, { sub: 'pkg:\u00fc' }),
  ],
  [
    'reference',
    'a build replaces what is no build',
    building,
    (w) => build({ replaces: w.ref(w.last) }),
    (w) => w.add(build()) && build({ version: '2', replaces: w.ref(w.last) }),
  ],
  [
    'reference',
    'a build replaces that of another organisation',
    otherBuilder,
    (w) => build({ replaces: w.ref(w.last) }),
    (w) => w.add(build()) && build({ version: '2', replaces: w.ref(w.last) }),
  ],
  [
    'clock',
    'a heartbeat at the time of the last',
    () => begun().clock(after(1)),
    () => say('log', 'op', 'heartbeat', { at: after(1), note: 'again' }),
    () => heartbeat(after(1, 1)),
  ],
  [
    'clock',
    'a heartbeat before the last',
    () => begun().clock(after(1)),
    () => heartbeat(after(0, 1)),
    () => heartbeat(after(1, 1)),
  ],
  [
    'subject',
    'a heartbeat of another log',
    begun,
    () => say('log', 'op', 'heartbeat', { at: after(1) }, { sub: 'log:other' }),
    () => heartbeat(),
  ],
  [
    'schema',
    'a heartbeat without time',
    begun,
    () => raw('log', 'heartbeat', map({}), { iss: 'op' }),
    () => heartbeat(),
  ],
  [
    'schema',
    'a payload that is not deterministic',
    begun,
    () => raw('log', 'heartbeat', Uint8Array.of(0xbf, 0xff), { iss: 'op' }),
    () => heartbeat(),
  ],
];

/** The operator builds too, at a site of its own. */
function otherBuilder(): World {
  const world = building().add(enrol('op1', 'op', 'opbld', 'build'), keyEvent('op1', 'op', 'opbld', 'activate'));
  world.add(enrol('op1', 'op', 'opops', 'operations'), keyEvent('op1', 'op', 'opops', 'activate'));
  world.add(site({ siteId: 'gva-1' }, 'opops', 'op'));
  return world.add(say('opbld', 'op', 'build', { ...BUILD, site: 'gva-1' }));
}

function rawSite(more: Record<string, Cbor>): SignedStatement {
  return raw('ops', 'site', map({ event: 'declare', siteId: 'gva-1', country: 'CH', operator: 'NTS', ...more }), {
    iss: 'acme',
    sub: 'site:gva-1',
  });
}

const approvals: Row[] = [
  [
    'approval',
    'of an entry that took effect at once',
    building,
    (w) => w.approve('acme1', 'acme', w.last),
    () => build(),
  ],
  [
    'approval',
    'of a proposal that took effect',
    () => enrolled(),
    (w) => w.approve('a3', 'acme', 2),
    () => say('a1', 'acme', 'key', { event: 'activate', keyId: 'ops' }, { sub: subjectOfKey('ops') }),
  ],
  [
    'approval',
    'by the key that proposed',
    proposed,
    (w) => w.approve('a1', 'acme', 2),
    (w) => w.approve('a2', 'acme', 2),
  ],
  [
    'approval',
    'by a key that approved, in other words',
    () => {
      const world = proposed();
      return world.add(world.approve('a2', 'acme', 2));
    },
    (w) => say('a2', 'acme', 'approval', { ref: w.ref(2), note: 'once more' }),
    (w) => w.approve('a3', 'acme', 2),
  ],
  [
    'approval',
    'by an organisation that nobody asked',
    proposed,
    (w) => w.approve('op1', 'op', 2),
    (w) => w.approve('a2', 'acme', 2),
  ],
  [
    'approval',
    'by an organisation that has agreed, while another has not',
    () =>
      begun({ ...ORGANISATIONS, op: { role: 'operator', roots: ['op1', 'op2'], threshold: 1 } }).add(
        nextPolicy({}, { ...newRoot, op: { role: 'operator', roots: ['op1', 'op2'], threshold: 1 } }),
      ),
    (w) => w.approve('op2', 'op', 2),
    (w) => w.approve('acme1', 'acme', 2),
  ],
  [
    'subject',
    'of an approval',
    proposed,
    (w) => say('a2', 'acme', 'approval', { ref: w.ref(2) }, { sub: 'entry:1' }),
    (w) => w.approve('a2', 'acme', 2),
  ],
  [
    'reference',
    'of an approval',
    proposed,
    (w) => say('a2', 'acme', 'approval', { ref: { index: 2, leafHash: w.ref(1).leafHash } }),
    (w) => w.approve('a2', 'acme', 2),
  ],
  [
    'proposal-void',
    'the roots have changed',
    () => rootsGrow(proposed(2), ['a1', 'a2', 'a3', 'a5']),
    (w) => w.approve('a2', 'acme', 2),
    () => enrol('a1', 'acme', 'ops', 'operations', { note: 'again' }),
  ],
  [
    'transition',
    'the proposal has become illegal',
    () => twoEvents(),
    (w) => w.approve('a2', 'acme', 4),
    (w) => w.approve('a2', 'acme', 6),
  ],
];

/** `ops` is enrolled by a1 and a2. */
function enrolled(): World {
  const world = proposed(2);
  return world.add(world.approve('a2', 'acme', 2));
}

/** Entry 4 proposes to activate `ops`, entry 5 suspends it, entry 6 proposes to retire it. */
function twoEvents(): World {
  const world = enrolled();
  world.add(keyEvent('a1', 'acme', 'ops', 'activate'));
  world.add(keyEvent('a1', 'acme', 'ops', 'suspend'));
  return world.add(keyEvent('a1', 'acme', 'ops', 'retire'));
}

/** The operator proposes other roots for acme, and acme agrees by a1 and a2. */
function rootsGrow(world: World, roots: readonly string[]): World {
  world.add(nextPolicy({}, { ...ORGANISATIONS, acme: { role: 'vendor', roots, threshold: 2 } }));
  const { last } = world;
  return world.add(world.approve('a1', 'acme', last), world.approve('a2', 'acme', last));
}

const witness = (name: string, type: typeof COSIGNATURE_ED25519 | typeof NOTE_ED25519 = COSIGNATURE_ED25519) =>
  formatVkey(vkeyOf(`${name}.example`, type, key(name).key));
const witnessed = { witnesses: [witness('w1'), witness('w2')], witnessQuorum: 1 };
const without = (name: keyof typeof ORGANISATIONS) => {
  const { [name]: _, ...others } = ORGANISATIONS;
  return others;
};
const withRole = (name: keyof typeof ORGANISATIONS, role: string) => ({
  ...ORGANISATIONS,
  [name]: { ...ORGANISATIONS[name], role },
});
const withRoots = (name: keyof typeof ORGANISATIONS, ...roots: string[]) => ({
  ...ORGANISATIONS,
  [name]: { ...ORGANISATIONS[name], roots },
});
const ALL = policyOf(ORGANISATIONS).kinds;

const policies: Row[] = [
  ['rule-set', 'of the future', begun, () => nextPolicy({ rules: 2 }), () => nextPolicy({ rules: 1 })],
  [
    'threshold',
    'that no ceremony can reach',
    empty,
    () => say('op1', 'op', 'policy', policyOf({ op: { ...ORGANISATIONS.op, threshold: 2 } })),
    () => say('op1', 'op', 'policy', policyOf({ op: { role: 'operator', roots: ['op1', 'op2'], threshold: 2 } })),
  ],
  [
    'policy-form',
    'no operator',
    empty,
    () => say('op1', 'op', 'policy', policyOf({ op: { ...ORGANISATIONS.op, role: 'vendor' } })),
    () => firstPolicy(),
  ],
  [
    'policy-form',
    'two operators',
    begun,
    () => nextPolicy({}, withRole('acme', 'operator')),
    () => nextPolicy({}, withRole('acme', 'rebuilder')),
  ],
  [
    'policy-form',
    'an organisation twice',
    empty,
    () =>
      firstPolicy({
        organisations: [
          ...policyOf(ORGANISATIONS).organisations,
          ...policyOf({ exam: { role: 'vendor', roots: ['x'], threshold: 1 } }).organisations,
        ],
      }),
    () => firstPolicy(),
  ],
  [
    'policy-form',
    'a kind twice',
    begun,
    () => nextPolicy({ kinds: [...ALL.slice(0, -1), 'key'] }),
    () => nextPolicy({ kinds: ALL.slice(0, -1) }),
  ],
  [
    'policy-form',
    'no heartbeats',
    begun,
    () => nextPolicy({ kinds: ALL.filter((kind) => kind !== 'heartbeat') }),
    () => nextPolicy({ kinds: ALL.filter((kind) => kind !== 'build') }),
  ],
  [
    'policy-form',
    'no policies',
    begun,
    () => nextPolicy({ kinds: ALL.filter((kind) => kind !== 'policy') }),
    () => nextPolicy({ kinds: ALL.filter((kind) => kind !== 'site') }),
  ],
  [
    'policy-form',
    'a quorum without witnesses',
    empty,
    () => firstPolicy({ witnessQuorum: 1 }),
    () => firstPolicy(witnessed),
  ],
  [
    'policy-form',
    'witnesses without a quorum',
    empty,
    () => firstPolicy({ witnesses: witnessed.witnesses }),
    () => firstPolicy(witnessed),
  ],
  [
    'policy-form',
    'a quorum of more than all',
    empty,
    () => firstPolicy({ ...witnessed, witnessQuorum: 3 }),
    () => firstPolicy({ ...witnessed, witnessQuorum: 2 }),
  ],
  [
    'policy-form',
    'a witness that is no vkey',
    empty,
    () => firstPolicy({ witnesses: ['w1'], witnessQuorum: 1 }),
    () => firstPolicy(witnessed),
  ],
  [
    'policy-form',
    'a witness with a note key',
    empty,
    () => firstPolicy({ witnesses: [witness('w1', NOTE_ED25519)], witnessQuorum: 1 }),
    () => firstPolicy(witnessed),
  ],
  [
    'policy-form',
    'a witness under two names',
    empty,
    () =>
      firstPolicy({
        witnesses: [witness('w1'), formatVkey(vkeyOf('other.example', COSIGNATURE_ED25519, key('w1').key))],
        witnessQuorum: 1,
      }),
    () => firstPolicy(witnessed),
  ],
  [
    'taken',
    'a key of two organisations',
    empty,
    () => say('op1', 'op', 'policy', policyOf(withRoots('exam', 'acme1'))),
    () => firstPolicy(),
  ],
  [
    'taken',
    'a root key twice',
    empty,
    () => say('op1', 'op', 'policy', policyOf(withRoots('exam', 'exam1', 'exam1'))),
    () => say('op1', 'op', 'policy', policyOf(withRoots('exam', 'exam1', 'exam2'))),
  ],
  [
    'taken',
    'the log key as a root',
    empty,
    () => say('op1', 'op', 'policy', policyOf(withRoots('exam', 'log'))),
    () => firstPolicy(),
  ],
  [
    'taken',
    'a working key as a root',
    building,
    () => nextPolicy({}, withRoots('op', 'op1', 'bld')),
    () => nextPolicy({}, withRoots('op', 'op1', 'op2')),
  ],
  [
    'taken',
    'a former root of another organisation',
    rootChanged,
    () =>
      say(
        'op1',
        'op',
        'policy',
        policyOf({ ...newRoot, op: { role: 'operator', roots: ['op1', 'acme1'], threshold: 1 } }, { version: 3 }),
      ),
    () => say('op1', 'op', 'policy', policyOf(newRoot, { version: 3 })),
  ],
  [
    'policy-version',
    'the same',
    begun,
    () => nextPolicy({ version: 1, retention: 'ten years' }),
    () => nextPolicy({ version: 2 }),
  ],
  ['policy-version', 'one left out', begun, () => nextPolicy({ version: 3 }), () => nextPolicy({ version: 2 })],
  ['policy-fixed', 'another origin', begun, () => nextPolicy({ origin: 'log.example/other' }), () => nextPolicy()],
  ['policy-fixed', 'another log key', begun, () => nextPolicy({ logKey: publicBytes('log2') }), () => nextPolicy()],
  [
    'policy-fixed',
    'another operator',
    begun,
    () =>
      nextPolicy(
        {},
        {
          ...ORGANISATIONS,
          op: { ...ORGANISATIONS.op, role: 'vendor' },
          acme: { ...ORGANISATIONS.acme, role: 'operator' },
        },
      ),
    () => nextPolicy(),
  ],
  [
    'policy-fixed',
    'an organisation that left comes back',
    acmeLeft,
    () => say('op1', 'op', 'policy', policyOf(ORGANISATIONS, { version: 3 })),
    () => say('op1', 'op', 'policy', policyOf({ ...withoutAcme, acme2: newRoot.acme }, { version: 3 })),
  ],
  [
    'notice',
    'a supervisor is removed',
    begun,
    () => nextPolicy({}, without('exam')),
    () => nextPolicy({}, without('acme')),
  ],
  ...(['attestation', 'review', 'key', 'approval'] as const).map(
    (kind): Row => [
      'notice',
      `${kind} is dropped`,
      begun,
      () => nextPolicy({ kinds: ALL.filter((name) => name !== kind) }),
      () => nextPolicy(),
    ],
  ),
  [
    'notice',
    'a shorter notice',
    begun,
    () => nextPolicy({ supervisorNoticeDays: 29 }),
    () => nextPolicy({ supervisorNoticeDays: 31 }),
  ],
  ['notice', 'witnesses come', begun, () => nextPolicy(witnessed), () => nextPolicy()],
  [
    'notice',
    'a witness goes',
    () => begun(ORGANISATIONS, witnessed),
    () => nextPolicy({ witnesses: [witness('w1')], witnessQuorum: 1 }),
    () => nextPolicy({ witnesses: [witness('w2'), witness('w1')], witnessQuorum: 1 }),
  ],
  [
    'notice',
    'another quorum',
    () => begun(ORGANISATIONS, witnessed),
    () => nextPolicy({ ...witnessed, witnessQuorum: 2 }),
    () => nextPolicy(witnessed),
  ],
  [
    'notice',
    'a later policy brings notes, and there are no witnesses',
    begun,
    () => nextPolicy({ notice: [NOTE, NOTE] }),
    () => nextPolicy({ announces: [{ removes: 'exam' }] }),
  ],
];

const rows = [...general, ...signers, ...keys, ...facts, ...approvals, ...policies];

judgeRows(rows);

for (const [rule, what, world, statement] of boundaries) {
  test(`${rule}: ${what}, by a second`, () => {
    const at = world(0);
    at.add(statement(at));
    const past = world(1);
    assert.is(faults('refused', () => past.judge(statement(past))).rule, rule);
  });
}

test('a reference to an entry that the lookup does not find is refused', () => {
  const world = building();
  const statement = build({ refs: [world.ref(3)] });
  const lookup = { ...world.lookup, entry: () => undefined };
  assert.is(faults('refused', () => admit(world.state, world.entryOf(statement), lookup)).rule, 'reference');
});

test('what would be a bug of ours is no refusal', () => {
  const world = begun();
  assert.throws(() => world.judgeAt(0, firstPolicy()), /bug/);
  assert.throws(() => new World().judgeAt(1, heartbeat()), /bug/);
});

test('the key of a statement is found whatever its state, and for the first policy in itself', () => {
  const keyNamed = (view: View, statement: SignedStatement) => signerKey(view, statement)?.bytes;
  sameBytes(keyNamed(EMPTY, firstPolicy()), key('op1').key.bytes);
  assert.is(keyNamed(EMPTY, say('acme1', 'op', 'policy', policyOf(ORGANISATIONS))), undefined, 'a root of another');
  assert.is(keyNamed(EMPTY, heartbeat()), undefined);
  const { state } = rootChanged().add(keyEvent('acme2', 'acme', 'bld', 'revoke'));
  for (const name of ['bld', 'ops', 'acme1', 'acme2', 'op1', 'log']) {
    sameBytes(keyNamed(state, say(name, 'acme', 'build', BUILD)), key(name).key.bytes, name);
  }
  assert.is(keyNamed(state, say('nobody', 'acme', 'build', BUILD)), undefined);
});

test('the keys that entries introduce are told', () => {
  const world = new World();
  const names = (statement: SignedStatement) => {
    const before = world.judge(statement);
    world.add(statement);
    return knownKeys(before).map(({ kid }) => toHex(kid));
  };
  const kids = (...list: string[]) => list.map((name) => subjectOfKey(name).slice('key:'.length));
  assert.equal(names(firstPolicy()), kids('log', 'op1', 'acme1', 'exam1'));
  assert.equal(names(heartbeat()), []);
  assert.equal(names(enrol('acme1', 'acme', 'bld', 'build')), kids('bld'));
  assert.equal(names(nextPolicy({}, newRoot)), [], 'a proposal introduces nothing');
  assert.equal(names(world.approve('acme1', 'acme', world.last)), kids('acme2'));
});

test.run();
