import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readProvenance } from '../../../src/cli/provenance/read.ts';
import { toHex, utf8 } from '../../../src/core/bytes.ts';
import { Fault } from '../../../src/core/fault.ts';
import { faults } from '../../check.ts';
import { blobBundle, buildinfo, bundle, COMMIT, clearsigned, dsse, registry, sha, slsa1, slsa02 } from './files.ts';

const kdb = { name: 'dist/kdb.cab', content: 'a build' };
const deb = { name: 'kdb_1.2.3-1_amd64.deb', content: 'a build' };
const read = (file: unknown) => readProvenance(utf8(typeof file === 'string' ? file : JSON.stringify(file)), 'file');

/** What is read, with digests in hexadecimal. */
const shown = (file: unknown) =>
  JSON.parse(
    JSON.stringify(read(file), (_, value: unknown) => (value instanceof Uint8Array ? toHex(value) : value)),
  ) as Record<string, unknown>;

const SUBJECTS = [{ name: 'dist/kdb.cab', digests: { sha256: sha('sha256', 'a build') } }];
const TIMES = { startedOn: '2018-12-31T13:51:07Z', finishedOn: '2018-12-31T13:58:40Z' };
const URI = 'git+https://git.acme.example/kdb@refs/tags/v1.2.3';
const SLSA1 = {
  subjects: SUBJECTS,
  builder: 'https://ci.acme.example/runners/hosted',
  source: [{ uri: URI, digests: { gitCommit: COMMIT } }],
  ...TIMES,
};

test('SLSA 1.0 in in-toto v1: builder, source without the tools, times in UTC and whole seconds', () => {
  assert.equal(shown(slsa1([kdb])), { mediaType: 'application/vnd.in-toto+json', ...SLSA1 });
});

test('a byte order mark is told as one', () => {
  const marked = utf8(`\ufeff${JSON.stringify(slsa1([kdb]))}`);
  assert.match(
    faults('bad-request', () => readProvenance(marked, 'file')).message,
    /^file: it begins with a byte order/,
  );
});

test('SLSA 0.2 in in-toto v0.1: the source once, though it stands there twice', () => {
  assert.equal(shown(slsa02([kdb])), {
    mediaType: 'application/vnd.in-toto+json',
    subjects: SUBJECTS,
    builder: 'https://ci.acme.example/generator@v1',
    source: [{ uri: URI, digests: { sha1: COMMIT } }],
    ...TIMES,
  });
});

test('DSSE envelopes in both alphabets, and Sigstore bundles of each version, hold the same', () => {
  const statement = slsa1([kdb]);
  const envelope = { mediaType: 'application/vnd.dsse.envelope.v1+json', ...SLSA1 };
  assert.equal(shown(dsse(statement)), envelope);
  const payload = Buffer.from(JSON.stringify({ ...statement, x: '???>>>~~~' })).toString('base64url');
  assert.match(payload, /[-_]/, 'the other alphabet is in it');
  assert.equal(shown(dsse(statement, { payload })), envelope);
  for (const version of ['0.1', '0.2'] as const) {
    const expected = { mediaType: 'application/vnd.dev.sigstore.bundle+json', ...SLSA1 };
    assert.equal(shown(bundle(version, statement)), expected);
  }
  const expected = { mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json', ...SLSA1 };
  assert.equal(shown(bundle('0.3', statement)), expected);
});

test('a bundle over a file, a registry, a predicate that nobody here knows', () => {
  assert.equal(shown(blobBundle(kdb)).subjects, [{ name: '', digests: { sha256: sha('sha256', 'a build') } }]);
  const { product, version, packageUrl, subjects } = shown(registry(kdb));
  assert.equal([product, version, packageUrl], ['@acme/kdb', '1.2.3', 'pkg:npm/%40acme/kdb@1.2.3']);
  assert.equal(subjects, [{ name: packageUrl, digests: { sha512: sha('sha512', 'a build') } }]);
  const other = shown(slsa1([kdb], { predicateType: 'https://acme.example/poem/v1', predicate: null }));
  assert.equal(other, { mediaType: 'application/vnd.in-toto+json', subjects: SUBJECTS });
});

test('what an encoder writes for a field that is not set is no field', () => {
  const { predicate, ...statement } = slsa1([kdb]) as { predicate: { runDetails: object; buildDefinition: object } };
  const buildDefinition = { ...predicate.buildDefinition, resolvedDependencies: null };
  const runDetails = { ...predicate.runDetails, metadata: { startedOn: '', finishedOn: null } };
  const { builder, subjects, mediaType } = shown(slsa1([kdb]));
  assert.equal(shown({ ...statement, predicate: { buildDefinition, runDetails } }), { mediaType, subjects, builder });
});

test('.buildinfo, signed or not: source package, version, date, and what came out', () => {
  const expected = {
    mediaType: 'text/x-debian-buildinfo',
    subjects: SUBJECTS.map((one) => ({ ...one, name: deb.name })),
    product: 'kdb',
    version: '1.2.3-1',
    finishedOn: '2018-12-31T13:58:40Z',
  };
  const text = buildinfo([deb]);
  assert.equal(shown(text), expected);
  assert.equal(shown(clearsigned(text)), expected);
  assert.equal(shown(text.replace('Source: kdb', 'Source: kdb (1.2.3-1)')), expected);
  assert.equal(shown(text.replaceAll('\n', '\r\n')), expected);
});

test('each thing that is wrong is named by its path', () => {
  const statement = slsa1([kdb]);
  const { predicate } = statement as { predicate: { runDetails: Record<string, unknown>; buildDefinition: unknown } };
  const withDetails = (details: Record<string, unknown>) =>
    slsa1([kdb], { predicate: { ...predicate, runDetails: { ...predicate.runDetails, ...details } } });
  const info = buildinfo([deb]);
  const subject = (digest: unknown) => slsa1([], { subject: [{ name: 'a', digest }] });
  const cases: [unknown, RegExp][] = [
    ['', /^file: it is not an in-toto statement, a DSSE envelope/],
    ['{', /^file: it is not JSON/],
    [{}, /is not an in-toto statement/],
    [slsa1([]), /subject must name at least one file/],
    [{ ...statement, _type: 'https://in-toto.io/Statement/v2' }, /_type must be https/],
    [{ ...statement, subject: {} }, /subject must be a list/],
    [subject(undefined), /subject\[0\]\.digest must be a map/],
    [subject({ sha256: 'AB'.repeat(32) }), /subject\[0\]\.digest\.sha256 must be 32 bytes in lower-case hexadecimal/],
    [subject({ sha256: 'ab' }), /must be 32 bytes/],
    [subject({ gitCommit: COMMIT }), /names no file by SHA-256/],
    [subject({ __proto__x: 'ab', poem: 'ab' }), /names no file by SHA-256/],
    [{ ...statement, predicate: [] }, /predicate must be a map/],
    [withDetails({ builder: {} }), /predicate\.runDetails\.builder\.id must be a text/],
    [withDetails({ metadata: { startedOn: '2018-02-30T00:00:00Z' } }), /metadata\.startedOn must be a time/],
    [withDetails({ metadata: { finishedOn: '0001-01-01T00:00:00Z' } }), /finishedOn must be a time/],
    [withDetails({ metadata: { finishedOn: 'noon' } }), /finishedOn must be a time/],
    [dsse(statement, { signatures: [] }), /signatures must have a signature/],
    [dsse(statement, { signatures: [{ sig: '' }] }), /signatures\[0\]\.sig is empty/],
    [dsse(statement, { payload: '*' }), /payload must be base64/],
    [dsse(statement, { payload: 'AAAA' }), /payload is not JSON/],
    [dsse(statement, { payloadType: 'text/plain' }), /payloadType is text\/plain/],
    [bundle('0.3', statement, { messageSignature: {} }), /must have one of dsseEnvelope and messageSignature/],
    [
      bundle('0.3', statement, { dsseEnvelope: dsse(statement, { signatures: [{ sig: 'AA==' }, { sig: 'AA==' }] }) }),
      /dsseEnvelope\.signatures has 2 items, and at most 1/,
    ],
    [
      bundle('0.3', statement, { mediaType: 'application/vnd.dev.sigstore.bundle.v0.9+json' }),
      /bundles v0\.1 to v0\.3/,
    ],
    [bundle('0.3', statement, { verificationMaterial: undefined }), /verificationMaterial must be a map/],
    [info.replace('Format: 1.0', 'Format: 3.0'), /Format is 3\.0, and 1\.0 is read/],
    [info.replace('Source: kdb\n', ''), /Source is missing/],
    [info.replace('Source: kdb', 'Source: KDB!'), /Source must be the name of a source package/],
    [info.replace('Version: 1.2.3-1', 'Version: 1.2 3'), /Version must be a version/],
    [info.replace('Mon, 31 Dec', 'Mon, 31 Feb'), /Build-Date must be a date/],
    [`${info}Source: kdb\n`, /Source stands there twice/],
    [info.replace('Binary:', '\nBinary:'), /must be one paragraph/],
    [info.replace('Binary: ', 'Binary '), /the line "Binary kdb kdb-dbgsym" is not a field/],
    [info.replace(/(Checksums-Sha256:\n) [0-9a-f]{8}/, '$1 '), /Checksums-Sha256 must be 32 bytes/],
    [clearsigned(info).replace('-----BEGIN PGP SIGNATURE', '-----'), /the signed message must end with/],
    [' '.repeat(8 * 1024 * 1024 + 1), /is larger than 8388608 bytes/],
    ['['.repeat(100_000), /is not an in-toto/],
    [`{"_type": ${'['.repeat(1_000_000)}`, /is not JSON/],
  ];
  for (const [file, says] of cases) {
    const name = JSON.stringify(file).slice(0, 80);
    try {
      read(file);
    } catch (error) {
      assert.instance(error, Fault, name);
      assert.is((error as Fault).code, 'bad-request');
      assert.match((error as Fault).message, says, name);
      continue;
    }
    assert.unreachable(`read: ${name}`);
  }
});

/** Runs a reader of anything; what it throws must be a Fault that names the file. */
function readsOrFaults(bytes: Uint8Array): void {
  try {
    const { subjects } = readProvenance(bytes, 'file');
    assert.ok(subjects.length > 0);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    assert.match(error.message, /^file: /);
  }
}

const GOOD = [
  slsa1([kdb]),
  slsa02([kdb]),
  registry(kdb),
  dsse(slsa1([kdb])),
  bundle('0.1', slsa02([kdb])),
  blobBundle(kdb),
];
const TEXTS = [...GOOD.map((one) => JSON.stringify(one)), buildinfo([deb]), clearsigned(buildinfo([deb]))];

/** Every place in a document, as a list of names. */
function places(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([name, item]) => places(item, [...path, name]))];
}

/** The document with another value in one place. */
function replaced(value: unknown, [name, ...more]: (string | number)[], by: unknown): unknown {
  if (name === undefined) return by;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  (copy as Record<string | number, unknown>)[name] = replaced(
    (value as Record<string | number, unknown>)[name],
    more,
    by,
  );
  return copy;
}

test('total: any bytes, any text, any JSON', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), readsOrFaults));
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => readsOrFaults(utf8(text))));
  fc.assert(fc.property(fc.jsonValue(), (value) => readsOrFaults(utf8(JSON.stringify(value)))));
});

test('total: a good file with any value anywhere', () => {
  const any = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(
      '',
      '__proto__',
      'pkg:',
      'pkg:npm/%',
      'pkg:npm/a@%E0',
      '2018-12-31T24:00:00Z',
      'git+https:',
      {},
      [],
    ),
  );
  const changed = fc.constantFrom(...GOOD).chain((good) => {
    return fc.tuple(fc.constantFrom(...places(good)), any).map(([path, by]) => replaced(good, path, by));
  });
  fc.assert(
    fc.property(changed, (file) => readsOrFaults(utf8(JSON.stringify(file)))),
    { numRuns: 2000 },
  );
});

test('total: a statement inside an envelope with any value anywhere', () => {
  const changed = fc.tuple(fc.constantFrom(...places(slsa1([kdb]))), fc.jsonValue());
  fc.assert(
    fc.property(changed, ([path, by]) => {
      const statement = replaced(slsa1([kdb]), path, by) as Record<string, unknown>;
      readsOrFaults(utf8(JSON.stringify(dsse(statement))));
    }),
  );
});

test('total: a good file with any bytes cut out, put in, or cut off', () => {
  const edit = fc.tuple(fc.constantFrom(...TEXTS), fc.nat(), fc.nat(12), fc.string({ maxLength: 12 }));
  fc.assert(
    fc.property(edit, ([text, at, length, more]) => {
      const from = at % text.length;
      readsOrFaults(utf8(text.slice(0, from) + more + text.slice(from + length)));
      readsOrFaults(utf8(text.slice(0, from)));
    }),
    { numRuns: 2000 },
  );
});

test.run();
