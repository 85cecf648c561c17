/** Everything that can be wrong with a submission, and how it is answered: status, title and detail of the problem. */
import { concat, fromHex, toHex, utf8 } from '../../src/core/bytes.ts';
import { BYTES, type Cbor, encode, head } from '../../src/core/cbor.ts';
import { EMPTY_MAP, sigStructure } from '../../src/core/cose.ts';
import { kidOf } from '../../src/core/signature.ts';
import type { Payload } from '../../src/registry/kinds.ts';
import { flipBit } from '../check.ts';
import { BUILD, building, enrol, key, keyEvent, raw, SITE, say, type World } from '../registry/world.ts';

/** A log with a build key in each state in which it may not sign. */
export function worldOfKeys(): World {
  const world = building();
  for (const name of ['fresh', 'asleep', 'revoked', 'retired', 'stolen']) {
    world.add(enrol('acme1', 'acme', name, 'build'));
    if (name !== 'fresh') world.add(keyEvent('acme1', 'acme', name, 'activate'));
  }
  world.add(
    keyEvent('acme1', 'acme', 'asleep', 'suspend'),
    keyEvent('acme1', 'acme', 'revoked', 'revoke'),
    keyEvent('acme1', 'acme', 'retired', 'retire'),
  );
  world.add(keyEvent('acme1', 'acme', 'stolen', 'compromise', { since: world.last }));
  return world;
}

const hex = (text: string) => fromHex(text.replaceAll(/\s/g, ''), 'bad-cbor');
const bytes = (value: Uint8Array) => concat(head(BYTES, value.length), value);
export const good = say('bld', 'acme', 'build', BUILD);

type Labels = ReadonlyMap<number | string, Cbor>;
const claims: Labels = new Map([
  [1, 'acme'],
  [2, 'pkg:generic/kdb@1'],
]);
const header: Labels = new Map<number, Cbor>([
  [1, -8],
  [3, good.contentType],
  [4, good.kid],
  [15, claims],
]);
const without = (from: Labels, label: number) => new Map([...from].filter(([each]) => each !== label));
const change = (from: Labels, label: number, value: Cbor) => new Map([...from, [label, value]]);

/** A COSE_Sign1 from encoded parts, signed by `bld` whatever they say; `parts` replace the encoded items. */
function message(
  protectedBytes: Uint8Array,
  payload = good.payload,
  parts: Partial<Record<0 | 1 | 2 | 3, Uint8Array>> = {},
) {
  const signature = key('bld').sign(sigStructure(protectedBytes, payload));
  const items = [bytes(protectedBytes), EMPTY_MAP, bytes(payload), bytes(signature)];
  return concat(hex('d284'), ...items.map((item, i) => parts[i as 0] ?? item));
}
const part = (i: 0 | 1 | 2 | 3, item: Uint8Array | string) =>
  message(good.protected, good.payload, { [i]: typeof item === 'string' ? hex(item) : item });
const withHeader = (label: number, value: Cbor) => message(encode(change(header, label, value)));
const withClaim = (label: number, value: Cbor) => withHeader(15, change(claims, label, value));
const withPayload = (payload: Uint8Array | string) =>
  message(good.protected, typeof payload === 'string' ? hex(payload) : payload);
const nested = (depth: number) => concat(hex('81'.repeat(depth)), hex('80'));
/** The pairs of the good header, encoded, after a head and before more pairs: for maps that `encode` does not make. */
const rawHeader = (first: string, more: string) => concat(hex(first), good.protected.subarray(1), hex(more));
const long = (item: Uint8Array) =>
  concat(hex('59'), Uint8Array.of(Math.floor(item.length / 256), item.length % 256), item);
const afterTag = good.entry.subarray(1);
const afterArray = good.entry.subarray(2);

export type Bad = readonly [name: string, body: Uint8Array, status: number, title: string, detail: RegExp];
const malformed = (name: string, body: Uint8Array, detail: RegExp): Bad => [
  name,
  body,
  400,
  'Malformed request',
  detail,
];
const rejected = (name: string, body: Uint8Array, detail: RegExp): Bad => [name, body, 400, 'Rejected', detail];

const lengths = [1, 2, 3, 4, 20, good.protected.length + 4, good.entry.length - 100, good.entry.length - 65];
const framing: Bad[] = [
  malformed('nothing', new Uint8Array(0), /COSE_Sign1/),
  ...lengths.map((length) => malformed(`cut to ${length}`, good.entry.subarray(0, length), /COSE_Sign1|CBOR has/)),
  malformed('cut by one byte', good.entry.subarray(0, -1), /a string of 64 bytes that is cut off/),
  malformed('a byte too many', concat(good.entry, hex('00')), /bytes after the last item/),
  malformed('twice', concat(good.entry, good.entry), /bytes after the last item/),
  malformed('text', utf8('{"payload": "hello"}'), /COSE_Sign1/),
  malformed('no tag', afterTag, /tag 18/),
  malformed('tag 17', concat(hex('d1'), afterTag), /tag 18/),
  malformed('tag 18 with a long head', concat(hex('d812'), afterTag), /tag 18/),
  malformed('tag 98, COSE_Sign', concat(hex('d862'), afterTag), /tag 18/),
  malformed('the self-described tag before', concat(hex('d9d9f7'), good.entry), /tag 18/),
  malformed('the tag twice', concat(hex('d2'), good.entry), /tag 18/),
  malformed('an array of three', concat(hex('d283'), afterArray), /array of four/),
  malformed('an array of five', concat(hex('d285'), afterArray, hex('40')), /array of four/),
  malformed('an array with a long head', concat(hex('d29804'), afterArray), /array of four/),
  malformed('an indefinite array', concat(hex('d29f'), afterArray, hex('ff')), /array of four/),
  malformed('a map', concat(hex('d2a2'), afterArray), /array of four/),
  malformed('arrays 100,000 deep', new Uint8Array(100_000).fill(0x81), /COSE_Sign1/),
];

const items: Bad[] = [
  malformed(
    'protected: an indefinite string',
    part(0, concat(hex('5f'), bytes(good.protected), hex('ff'))),
    /indefinite/,
  ),
  malformed(
    'protected: a long head',
    part(0, concat(hex('5a0000'), long(good.protected).subarray(1))),
    /longer than it need be/,
  ),
  malformed('protected: text', part(0, '6161'), /should be a byte string/),
  malformed('protected: a map', part(0, good.protected), /should be a byte string/),
  malformed('protected: a length beyond the end', part(0, '5b001fffffffffffff'), /cut off/),
  malformed('protected: a length beyond 2^53', part(0, '5bffffffffffffffff'), /beyond 2\^53/),
  malformed('unprotected: an array', part(1, '80'), /unprotected header is no map/),
  malformed('unprotected: null', part(1, 'f6'), /unprotected header is no map/),
  malformed('unprotected: indefinite', part(1, 'bfff'), /indefinite/),
  malformed('unprotected: a key twice', part(1, 'a201000100'), /a key that was there before/),
  malformed('unprotected: a long key', part(1, 'a1180100'), /longer than it need be/),
  malformed('unprotected: a tag', part(1, 'a101c100'), /a tag/),
  malformed('unprotected: a float', part(1, 'a101f93c00'), /a float/),
  malformed('unprotected: undefined', part(1, 'a101f7'), /undefined/),
  malformed('unprotected: deep', part(1, concat(hex('a101'), nested(5000))), /nesting deeper/),
  malformed('unprotected: 65 keys', part(1, concat(hex('b841'), new Uint8Array(130))), /more than 64/),
  malformed('unprotected: an array of 2^32', part(1, 'a1019b0000000100000000'), /more than 4096/),
  malformed('payload: text', part(2, '6161'), /payload is no byte string/),
  malformed('payload: an indefinite string', part(2, concat(hex('5f'), bytes(good.payload), hex('ff'))), /indefinite/),
  malformed(
    'payload: a long head',
    part(2, concat(hex('5a0000'), long(good.payload).subarray(1))),
    /longer than it need be/,
  ),
  ['payload: detached', part(2, 'f6'), 400, 'Payload Missing', /payload must be in the statement/],
  ['payload: empty', withPayload(new Uint8Array(0)), 400, 'Payload Missing', /payload must be in the statement/],
  malformed('signature: null', part(3, 'f6'), /should be a byte string/),
  rejected('signature: empty', part(3, '40'), /0 bytes are not a signature for ed25519/),
  rejected('signature: 63 bytes', part(3, bytes(new Uint8Array(63))), /63 bytes/),
  rejected('signature: of ML-DSA-44', part(3, bytes(new Uint8Array(2420))), /2420 bytes/),
];

const headers: Bad[] = [
  malformed('header: empty', message(new Uint8Array(0)), /protected header is no map, or empty/),
  malformed('header: an empty map', message(hex('a0')), /protected header is no map, or empty/),
  malformed('header: an array', message(hex('8101')), /protected header is no map, or empty/),
  malformed('header: bytes after it', message(concat(good.protected, hex('00'))), /bytes after the last item/),
  malformed('header: cut', message(good.protected.subarray(0, -1)), /cut off/),
  malformed('header: alg twice', message(rawHeader('a5', '0127')), /a key that was there before/),
  malformed('header: kid twice', message(rawHeader('a5', '0440')), /a key that was there before/),
  malformed('header: a long key', message(rawHeader('a5', '181100')), /longer than it need be/),
  malformed('header: a long value', message(rawHeader('a5', '18181817')), /longer than it need be/),
  malformed('header: an indefinite map', message(concat(rawHeader('bf', 'ff'))), /indefinite/),
  malformed('header: a byte string as a key', message(rawHeader('a5', '4000')), /neither integer nor text/),
  malformed('header: deep', message(concat(rawHeader('a5', '1864'), nested(40))), /nesting deeper/),
  malformed('header: a tag', message(rawHeader('a5', '1864c000')), /a tag/),
  malformed('header: text that is not UTF-8', message(rawHeader('a5', '186462c328')), /not UTF-8/),
  malformed('header: crit', withHeader(2, [1]), /critical/),
  malformed('header: a hash envelope', withHeader(258, -16), /hash envelopes/),
  malformed('header: no kid', message(encode(without(header, 4))), /kid/),
  malformed('header: a short kid', withHeader(4, new Uint8Array(31)), /kid/),
  malformed('header: a kid of text', withHeader(4, 'key 1'), /kid/),
  malformed('header: no content type', message(encode(without(header, 3))), /content type/),
  malformed('header: a number as content type', withHeader(3, 60), /content type/),
  malformed('header: no claims', message(encode(without(header, 15))), /claims/),
  malformed('header: no iss', withHeader(15, without(claims, 1)), /iss/),
  malformed('header: an empty iss', withClaim(1, ''), /iss/),
  malformed('header: an iss of 8193 characters', withClaim(1, 'x'.repeat(8193)), /iss/),
  malformed('header: no sub', withHeader(15, without(claims, 2)), /sub/),
  malformed('header: an aud of two', withClaim(3, ['a', 'b']), /aud/),
  malformed('header: an iat of text', withClaim(6, 'now'), /iat/),
  ...[-35, -37, -47, -53, 5, 'ES256', null].map(
    (alg): Bad => [`alg ${alg}`, withHeader(1, alg), 400, 'Bad Signature Algorithm', /alg \(1\) is none of/],
  ),
  ['no alg', message(encode(without(header, 1))), 400, 'Bad Signature Algorithm', /alg \(1\) is none of/],
];

/** The fields of a good payload, encoded, after a head and before more. */
const rawPayload = (first: string, more: string) => concat(hex(first), good.payload.subarray(1), hex(more));
const fields = (good.payload[0] as number) % 32;
const oneMore = (0xa0 + fields + 1).toString(16);
const payloads: Bad[] = [
  ['cut', good.payload.subarray(0, -1)],
  ['bytes after it', concat(good.payload, hex('00'))],
  ['an array', hex('80')],
  ['a number', hex('00')],
  ['a field twice', rawPayload(oneMore, `66${toHex(utf8('artifa'))}00`)],
  ['an indefinite map', rawPayload('bf', 'ff')],
  ['fields out of order', rawPayload(oneMore, '616100')],
  ['a long number', rawPayload(oneMore, `6b${toHex(utf8('zzzzzzzzzzz'))}1800`)],
  ['a float', rawPayload(oneMore, `6b${toHex(utf8('zzzzzzzzzzz'))}f93c00`)],
  ['a tag', rawPayload(oneMore, `6b${toHex(utf8('zzzzzzzzzzz'))}c000`)],
  ['deep', concat(rawPayload(oneMore, `6b${toHex(utf8('zzzzzzzzzzz'))}`), nested(40))],
].map(([name, payload]) => rejected(`payload: ${name}`, withPayload(payload as Uint8Array), /^schema: /));

/** Where the version stands in the payload, a text that may as well be another. */
const versionAt = Buffer.from(good.payload).indexOf(BUILD.version);

const signers: Bad[] = [
  rejected('a key that nobody enrolled', say('stranger', 'acme', 'build', BUILD).entry, /^key-unknown: /),
  rejected('a key that is not active yet', say('fresh', 'acme', 'build', BUILD).entry, /^key-state: /),
  rejected('a suspended key', say('asleep', 'acme', 'build', BUILD).entry, /^key-state: .*suspended/),
  rejected('a revoked key', say('revoked', 'acme', 'build', BUILD).entry, /^key-state: .*revoked/),
  rejected('a retired key', say('retired', 'acme', 'build', BUILD).entry, /^key-state: .*retired/),
  rejected('a compromised key', say('stolen', 'acme', 'build', BUILD).entry, /^key-state: .*compromised/),
  rejected('an operations key for a build', say('ops', 'acme', 'build', BUILD).entry, /^key-purpose: /),
  rejected(
    'a build key for a site',
    say('bld', 'acme', 'site', { event: 'declare', ...SITE, siteId: 'x-1' }).entry,
    /^key-purpose: /,
  ),
  rejected('a root key for a build', say('acme1', 'acme', 'build', BUILD).entry, /^(key-purpose|root-only): /),
  rejected('a key of someone else', say('bld', 'exam', 'build', BUILD).entry, /^owner: /),
  rejected('an issuer whom nobody knows', say('bld', 'nobody', 'build', BUILD).entry, /^(organisation|owner): /),
  rejected(
    'a site without an audience',
    say('ops', 'acme', 'site', { event: 'declare', ...SITE, siteId: 'x-2' }, { aud: undefined }).entry,
    /^audience: /,
  ),
  rejected(
    'another log’s site',
    say('ops', 'acme', 'site', { event: 'declare', ...SITE, siteId: 'x-3' }, { aud: 'log.example/other' }).entry,
    /^audience: /,
  ),
  rejected(
    'a flipped bit in the signature',
    flipBit(good.entry, 8 * good.entry.length - 1),
    /signature of the statement does not verify/,
  ),
  rejected(
    'a flipped bit in the payload',
    message(good.protected, good.payload, { 2: bytes(flipBit(good.payload, 8 * versionAt)) }),
    /does not verify/,
  ),
  rejected('another kid of the same owner', withHeader(4, kidOf(key('ops').key)), /does not verify/),
  rejected(
    'a kind that there is none of',
    raw('bld', 'build', good.payload, { iss: 'acme', contentType: 'application/vnd.limmat.rumour+cbor' }).entry,
    /^kind: /,
  ),
  rejected('a site that nobody declared', say('bld', 'acme', 'build', { ...BUILD, site: 'atlantis' }).entry, /^site: /),
  rejected(
    'an e-mail address',
    say('bld', 'acme', 'build', { ...BUILD, note: 'ask jane.doe@acme.example' }).entry,
    /^personal-data: /,
  ),
  rejected('one in a label that nobody reads', withHeader(99, ['ask jane.doe@acme.example']), /^personal-data: header/),
  rejected('one in a claim', withClaim(99, 'jane.doe@acme.example'), /^personal-data: claims looks like it holds an/),
];

const file = BUILD.artifacts[0] as Payload<'build'>['artifacts'][number];
const artifacts = (count: number) => Array.from({ length: count }, (_, i) => ({ ...file, name: `file ${i}` }));
const tooLong = (length: number) => withPayload(encode(new Map([['note', 'x'.repeat(length)]])));
const sizes: Bad[] = [
  rejected(
    'more than the policy allows',
    say('bld', 'acme', 'build', { ...BUILD, artifacts: artifacts(60) }).entry,
    /^size: .*4096/,
  ),
  ['an entry of more than 65,535 bytes', tooLong(65_400), 413, 'Content Too Large', /at most 65535 bytes/],
  ['a body that no header explains', tooLong(140_000), 413, 'Content Too Large', /larger than 131070 bytes/],
  ['a body of 9 MB', new Uint8Array(9_000_000), 413, 'Content Too Large', /larger than 131070 bytes/],
];

export const GROUPS = { framing, items, headers, payloads, signers, sizes };
