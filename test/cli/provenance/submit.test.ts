import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ends, run, Vendor } from '../world.ts';
import { blobBundle, buildinfo, bundle, COMMIT, clearsigned, dsse, registry, sha, slsa1, slsa02 } from './files.ts';

// `submit build --provenance` as a pipeline runs it: what the files say need not be said again, and must be true.

const vendor = await Vendor.begin();
const kdb = { name: 'kdb.cab', content: 'a build' };
const deb = { name: 'kdb_1.2.3-1_amd64.deb', content: 'another build' };
for (const { name, content } of [kdb, deb]) vendor.file(name, content);
const WHO = ['--key', vendor.key('build'), '--issuer', 'acme', '--site', 'zrh-1'];
const WHAT = ['--product', 'kdb', '--product-version', '1.2.3'];

/** Writes a file of provenance, and answers the flag for it. */
function provenance(name: string, content: unknown): string[] {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return ['--provenance', vendor.file(name, text)];
}

const artifact = (...files: { name: string }[]) => files.flatMap(({ name }) => ['--artifact', vendor.path(name)]);
let count = 0;

async function submit(...flags: string[]): Promise<{ payload: Record<string, unknown>; subject: string }> {
  count++;
  const out = vendor.path(`${count}.tlog-proof`);
  const said = await run('submit', 'build', ...WHO, ...vendor.target, '--out', out, ...flags);
  return said.statement as { payload: Record<string, unknown>; subject: string };
}

const refused = (code: number, ...flags: string[]) => ends(code, 'submit', 'build', ...WHO, ...vendor.target, ...flags);

test('in-toto with SLSA 1.0: builder, source and times are read, digest and media type recorded', async () => {
  const file = provenance('kdb.intoto.json', slsa1([kdb]));
  const { payload } = await submit(...WHAT, ...artifact(kdb), ...file);
  assert.is(payload.builder, 'https://ci.acme.example/runners/hosted');
  const uri = 'git+https://git.acme.example/kdb@refs/tags/v1.2.3';
  assert.equal(payload.source, [{ uri, digests: { gitCommit: COMMIT } }]);
  assert.equal([payload.startedOn, payload.finishedOn], ['2018-12-31T13:51:07Z', '2018-12-31T13:58:40Z']);
  const text = readFileSync(file[1] as string, 'utf8');
  assert.equal(payload.provenance, [
    {
      mediaType: 'application/vnd.in-toto+json',
      digest: { alg: 'sha256', value: sha('sha256', text) },
      salted: false,
      size: text.length,
    },
  ]);
});

test('each format by itself is enough beside what it does not say', async () => {
  const cases: [string, unknown, string][] = [
    ['slsa02.json', slsa02([kdb]), 'application/vnd.in-toto+json'],
    ['kdb.dsse', dsse(slsa1([kdb])), 'application/vnd.dsse.envelope.v1+json'],
    ['b1.sigstore', bundle('0.1', slsa1([kdb])), 'application/vnd.dev.sigstore.bundle+json'],
    ['b2.sigstore', bundle('0.2', slsa02([kdb])), 'application/vnd.dev.sigstore.bundle+json'],
    ['b3.sigstore', bundle('0.3', slsa1([kdb])), 'application/vnd.dev.sigstore.bundle.v0.3+json'],
  ];
  for (const [name, content, mediaType] of cases) {
    const { payload } = await submit(...WHAT, ...artifact(kdb), ...provenance(name, content));
    assert.is((payload.provenance as { mediaType: string }[])[0]?.mediaType, mediaType, name);
    assert.match(payload.builder as string, /^https:\/\/ci\.acme\.example\//);
  }
  const builder = ['--builder', 'https://ci.acme.example/own'];
  const blob = await submit(...WHAT, ...artifact(kdb), ...provenance('blob.sigstore', blobBundle(kdb)), ...builder);
  assert.is(blob.payload.builder, 'https://ci.acme.example/own');
});

test('.buildinfo, signed: product and version come from it', async () => {
  const file = provenance(
    'kdb.buildinfo',
    clearsigned(buildinfo([deb, { name: 'kdb-dbgsym.deb', content: 'symbols' }])),
  );
  const { payload, subject } = await submit(...artifact(deb), ...file, '--builder', 'https://ci.acme.example/sbuild');
  assert.equal([payload.product, payload.version], ['kdb', '1.2.3-1']);
  assert.is(payload.finishedOn, '2018-12-31T13:58:40Z');
  assert.is(subject, 'pkg:generic/kdb@1.2.3-1');
  assert.is((payload.artifacts as unknown[]).length, 1, 'of two that were built, one is logged');
});

test('a registry names product and version by a package URL, and hashes by SHA-512', async () => {
  const { payload, subject } = await submit(
    ...artifact(kdb),
    ...provenance('npm.sigstore', bundle('0.3', registry(kdb))),
  );
  assert.is(subject, 'pkg:npm/%40acme/kdb@1.2.3');
  assert.equal([payload.product, payload.version], ['@acme/kdb', '1.2.3']);
  assert.equal((payload.artifacts as { digests: unknown }[])[0]?.digests, {
    sha256: sha('sha256', 'a build'),
    sha512: sha('sha512', 'a build'),
  });
  const other = await submit(...WHAT, ...artifact(kdb), ...provenance('npm.sigstore', bundle('0.3', registry(kdb))));
  assert.is(other.subject, 'pkg:generic/kdb@1.2.3', 'which must not say another product than the entry');
});

test('flags win over the fields of a file, and these over provenance', async () => {
  const fields = vendor.file('build.yaml', 'product: kdb\nversion: "9"\nchannel: beta\nartifactKind: firmware\n');
  const source = `git+https://git.acme.example/other=gitCommit:${'ab'.repeat(20)}`;
  const flags = [
    '--file',
    fields,
    '--product-version',
    '10',
    '--builder',
    'https://ci.acme.example/own',
    '--source',
    source,
  ];
  const { payload } = await submit(...artifact(kdb), ...provenance('kdb.dsse', dsse(slsa1([kdb]))), ...flags);
  const { product, version, channel, artifactKind, builder } = payload;
  assert.equal([product, version, channel, artifactKind], ['kdb', '10', 'beta', 'firmware']);
  assert.is(builder, 'https://ci.acme.example/own');
  assert.is((payload.source as { uri: string }[])[0]?.uri, 'git+https://git.acme.example/other');
  assert.is(payload.startedOn, '2018-12-31T13:51:07Z');
});

test('several files, one for each artifact: what they agree in is taken, what not has to be said', async () => {
  const one = provenance('one.json', slsa1([kdb]));
  const { payload } = await submit(...WHAT, ...artifact(kdb, deb), ...one, ...provenance('two.json', slsa1([deb])));
  assert.is((payload.provenance as unknown[]).length, 2);
  assert.is((payload.source as unknown[]).length, 1);
  const flags = [...WHAT, ...artifact(kdb, deb), ...one, ...provenance('three.json', slsa02([deb]))];
  assert.match(
    await refused(2, ...flags),
    /builder: .*one\.json says .*hosted, .*three\.json says .*say which with --builder/,
  );
});

test('artifacts and provenance that do not fit are refused, with a list of all that does not', async () => {
  const touched = { ...kdb, content: 'a build, touched' };
  const flags = [...WHAT, ...artifact(kdb, deb), ...provenance('touched.json', slsa1([touched]))];
  const said = await refused(2, ...flags, ...provenance('else.json', slsa1([{ name: 'else', content: 'else' }])));
  const lines = said.split('\n');
  assert.match(lines[0] as string, /artifacts and provenance do not fit:$/);
  assert.match(lines[1] as string, /touched\.json: kdb\.cab is sha256 [0-9a-f]{16}…, the file is sha256 [0-9a-f]{16}…/);
  assert.match(lines[2] as string, /else\.json is for none of the artifacts, but for else \(sha256 /);
  assert.match(lines[3] as string, /^kdb\.cab \(sha256 .* is in no provenance file/);
  assert.match(lines[4] as string, /^kdb_1\.2\.3-1_amd64\.deb .* is in no provenance file/);
  assert.match(lines[5] as string, /^Give the provenance of these very files/);
  const only = provenance('only.json', slsa1([kdb]));
  assert.match(await refused(2, ...WHAT, ...only), /at least one --artifact FILE/);
  assert.match(
    await refused(2, ...WHAT, ...artifact(deb), ...provenance('poem.txt', 'roses are red')),
    /poem\.txt: it is not/,
  );
});

test('what no file says has to be given; what a file says is looked at like all the rest', async () => {
  const file = provenance('kdb.dsse', dsse(slsa1([kdb])));
  assert.match(await refused(2, ...artifact(kdb), ...file), /--product is missing/);
  assert.match(
    await refused(2, ...WHAT, ...artifact(kdb), ...provenance('b.sigstore', blobBundle(kdb))),
    /--builder is missing/,
  );
  const text = JSON.stringify(slsa1([kdb])).replace('git+https://git.acme', 'git+https://jo:hunter22@git.acme');
  const said = await refused(3, ...WHAT, ...artifact(kdb), ...provenance('secret.json', text));
  assert.match(said, /source\[0\]\.uri \(from .*secret\.json\) looks like it holds a user name with a password/);
  const odd = JSON.stringify(slsa1([kdb])).replace('https://ci.acme.example/runners/hosted', 'the build machine');
  assert.match(
    await refused(3, ...WHAT, ...artifact(kdb), ...provenance('odd.json', odd)),
    /schema: builder must be a URI/,
  );
});

test('the log replays', async () => {
  assert.equal((await run('fsck', ...vendor.target)).findings, []);
  assert.is(await vendor.server.end('SIGTERM'), 0, vendor.server.stderr());
});

test.run();
