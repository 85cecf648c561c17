import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseTlogProof } from '../../src/core/tlogproof.ts';
import { limmat, limmatIn, serve } from '../flow/server.ts';
import { addAll, ends, endsIn, ORIGIN, opaqueLog, run, Vendor } from './world.ts';

// From a key pair to a proof that a file is the logged one, by commands alone.

const vendor = await Vendor.begin();
const kdb = vendor.file('kdb.cab', 'the first artifact');
const notes = vendor.file('notes.txt', 'the second artifact');
const proof = vendor.path('kdb.tlog-proof');
const verify = (file: string, ...more: string[]) => ['verify', file, '--vkey', vendor.vkey, ...more];
let index = 0;
let entryId = '';

test('submit build logs every artifact, and keeps a proof that names it', async () => {
  const source = 'git+https://git.example/kdb=gitCommit:0123456789abcdef0123456789abcdef01234567';
  const more = ['--out', proof, '--channel', 'stable', '--kind', 'detection-rules', '--source', source];
  const said = await vendor.build('2018.12.31.14', [kdb, notes], ...more);
  assert.is(said.proof, proof);
  assert.is(said.log, ORIGIN);
  index = said.entry as number;
  assert.is(index, 7, 'policy, heartbeat, two keys enrolled and activated, a site');
  const { payload, subject, entryId: id } = said.statement as Record<string, unknown>;
  entryId = id as string;
  assert.is(subject, 'pkg:generic/kdb@2018.12.31.14');
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  assert.equal(payload, {
    product: 'kdb',
    version: '2018.12.31.14',
    artifactKind: 'detection-rules',
    artifacts: [
      { name: 'kdb.cab', digests: { sha256: sha256('the first artifact') }, size: 18 },
      { name: 'notes.txt', digests: { sha256: sha256('the second artifact') }, size: 19 },
    ],
    builder: 'https://acme.example/b',
    site: 'zrh-1',
    channel: 'stable',
    source: [
      { uri: 'git+https://git.example/kdb', digests: { gitCommit: '0123456789abcdef0123456789abcdef01234567' } },
    ],
  });
});

test('the same build again is the same entry; without --out the proof lies where one stands', async () => {
  const flags = vendor.buildFlags('1/2', [kdb]);
  const cwd = vendor.root;
  const first = await limmatIn({ cwd }, 'submit', 'build', ...flags, ...vendor.target, '--json');
  const again = await limmatIn({ cwd }, 'submit', 'build', ...flags, ...vendor.target, '--json');
  const [a, b] = [first, again].map(({ stdout }) => JSON.parse(stdout) as { entry: number; proof: string });
  assert.is(a?.entry, b?.entry);
  assert.is(b?.proof, 'kdb-1_2.tlog-proof');
  assert.is((await limmat(...verify(vendor.path('kdb-1_2.tlog-proof')))).code, 0);
});

test('a build that is not one is refused before anything is sent', async () => {
  const flags = vendor.buildFlags('3', [kdb]);
  const submit = (...args: string[]) => ['submit', 'build', ...vendor.target, ...args];
  assert.match(await ends(2, ...submit(...vendor.buildFlags('3', []))), /--artifact FILE/);
  assert.match(await ends(2, ...submit(...flags, '--artifact', vendor.path('none'))), /there is no file .*none/);
  assert.match(await ends(2, ...submit(...flags, '--source', 'main')), /--source takes URI=ALGORITHM:HEX/);
  assert.match(await ends(2, ...submit(...flags, '--kind', 'poem')), /Allowed choices are software/);
  assert.match(await ends(2, ...submit(...flags.slice(2))), /--product is missing/);
  assert.match(await ends(3, ...submit(...flags, '--channel', 'mail me: a@b.example')), /e-mail|channel/);
});

test('what the log refuses ends with 3 and names the rule; a log that is not there, too', async () => {
  const flags = vendor.buildFlags('3', [kdb]);
  const elsewhere = flags.map((flag) => (flag === 'zrh-1' ? 'zrh-2' : flag));
  assert.match(await ends(3, 'submit', 'build', ...elsewhere, ...vendor.target), /site/);
  const other = flags.map((flag) => (flag === vendor.key('build') ? vendor.key('root') : flag));
  assert.match(await ends(3, 'submit', 'build', ...other, ...vendor.target), /root|purpose|key/);
  const nowhere = ['--url', 'http://127.0.0.1:9', '--vkey', vendor.vkey];
  assert.match(await ends(3, 'submit', 'build', ...flags, ...nowhere), /cannot reach http:\/\/127\.0\.0\.1:9\//);
});

test('verify: the right file, the wrong file, no file, standard input', async () => {
  const good = await limmat(...verify(proof, '--artifact', kdb));
  assert.is(good.code, 0, good.stderr);
  assert.match(good.stdout, /verified +true/);
  assert.match(good.stdout, /artifact +kdb\.cab/);
  assert.match(
    good.stdout,
    /notShown +whether the signature of the statement is good, and its key: there is no enrolment/,
  );
  assert.is((await run(...verify(proof, '--artifact', notes))).artifact, 'notes.txt');
  assert.is((await run(...verify(proof))).entry, index);
  const piped = await limmatIn({ input: readFileSync(proof) }, ...verify('-'));
  assert.is(piped.code, 0, piped.stderr);
  const wrong = vendor.file('wrong.cab', 'the first artifact, touched');
  assert.match(await ends(1, ...verify(proof, '--artifact', wrong)), /not among the artifacts/);
  assert.match(await ends(2, ...verify(vendor.path('none'))), /there is no file/);
  assert.match(await ends(2, ...verify(vendor.root)), /is a folder: name a file in it/);
  assert.match(await ends(2, 'verify', proof), /give --trust, --policy or --vkey \(or LIMMAT_TRUST/);
});

test('proof writes a Transparent Statement too, which verifies by the receipt keys of a trust file', async () => {
  const [out, trust] = [vendor.path('kdb.cose'), vendor.path('trust.json')];
  const said = await run('proof', ...vendor.target, '--index', String(index), '--transparent', '--out', out);
  assert.is(said.proof, out);
  const pinned = await run('trust', 'bundle', ...vendor.target, '--out', trust);
  const verified = await run('verify', out, '--trust', trust, '--artifact', kdb);
  assert.is(verified.artifact, 'kdb.cab');
  assert.is(verified.entry, index);
  assert.equal([verified.receiptKey], pinned.receiptKeys);
  assert.match(await ends(1, 'verify', out, '--trust', trust, '--artifact', vendor.vkey), /not among the artifacts/);
  assert.match(await ends(1, 'verify', out, '--trust', trust, '--max-age', '1h'), /a receipt has no time/);
  assert.match(await ends(2, 'verify', out, '--vkey', vendor.vkey), /is COSE.*what `limmat trust bundle` writes/);
});

test('verify: a proof with any line changed, and the keys of another log', async () => {
  const lines = readFileSync(proof, 'utf8').split('\n');
  const changed = vendor.path('changed.tlog-proof');
  const [, , indexLine] = lines;
  assert.is(indexLine, `index ${index}`);
  for (const [number, line] of lines.entries()) {
    if (line === '') continue;
    // Signatures after the first are by keys of which one is enough; a line that is broken is told all the same.
    const at = Math.floor(line.length * 0.7);
    const other = line[at] === 'A' ? 'B' : 'A';
    const broken = lines.with(number, `${line.slice(0, at)}${other}${line.slice(at + 1)}`);
    writeFileSync(changed, broken.join('\n'));
    const { code, stderr } = await limmat(...verify(changed));
    assert.ok(code === 1 || code === 2, `line ${number} "${line.slice(0, 30)}": ${code} ${stderr}`);
  }
  writeFileSync(changed, lines.with(2, `index ${index - 1}`).join('\n'));
  await ends(1, ...verify(changed));
  const other = vendor.path('other');
  await run('init', '--data', other, '--origin', ORIGIN, '--entries', 'opaque');
  assert.match(await ends(1, 'verify', proof, '--vkey', `${other}/log.vkey`), /no signature .* is by a given key/);
  const half = vendor.file('half.vkey', readFileSync(vendor.vkey, 'utf8').slice(0, 40));
  await ends(2, 'verify', proof, '--vkey', half);
});

test('proof: by index through tiles, by entry id, and what is not there', async () => {
  for (const which of [
    ['--index', String(index)],
    ['--entry', entryId],
  ]) {
    const out = vendor.path('fetched.tlog-proof');
    const said = await run('proof', ...vendor.target, ...which, '--out', out);
    assert.is(said.entry, index);
    assert.is((await run(...verify(out, '--artifact', kdb))).artifact, 'kdb.cab');
  }
  const proofOf = (...args: string[]) => ['proof', ...vendor.target, ...args];
  assert.match(await ends(2, ...proofOf('--index', '4000')), /there is no entry 4000 yet/);
  await ends(2, ...proofOf('--index', '-1'));
  await ends(2, ...proofOf('--index', '1e3'));
  assert.match(await ends(2, ...proofOf()), /one of --index N, --entry ID, --hash HEX and --digest ALG:HEX/);
  await ends(2, ...proofOf('--index', '0', '--entry', entryId));
  assert.match(await ends(2, ...proofOf('--entry', 'A'.repeat(43))), /not known/);
  await ends(2, ...proofOf('--entry', '../checkpoint'));
  await endsIn(vendor.root, 0, ...proofOf('--index', '0'));
  assert.ok(statSync(vendor.path('entry-0.tlog-proof')).isFile());
});

test('proof: by leaf hash, by the digest of a file, and by the checkpoint of an earlier size', async () => {
  const out = vendor.path('asked.tlog-proof');
  const proofOf = (...args: string[]) => ['proof', ...vendor.target, ...args, '--out', out];
  const newest = await run(...proofOf('--index', String(index)));
  const digest = `sha256:${createHash('sha256').update(readFileSync(kdb)).digest('hex')}`;
  for (const name of [
    ['--hash', String(newest.leafHash)],
    ['--digest', digest],
  ]) {
    const size = index + 1;
    assert.is((await run(...proofOf(...name))).treeSize, newest.treeSize);
    const earlier = await run(...proofOf(...name, '--size', String(size)));
    assert.equal([earlier.entry, earlier.treeSize], [index, size]);
    assert.is((await run(...verify(out, '--artifact', kdb))).treeSize, size);
  }
  assert.is((await run(...proofOf('--index', '0', '--size', String(index + 1)))).entry, 0);
  assert.match(await ends(2, ...proofOf('--index', '0', '--size', '4000')), /no checkpoint of size 4000 was published/);
  assert.match(await ends(2, ...proofOf('--hash', '0'.repeat(64))), /no entry of this log has this leaf hash/);
  assert.match(await ends(2, ...proofOf('--hash', 'AB')), /--hash takes a leaf hash, 64 lower-case/);
  for (const bad of ['sha256:00', 'md5:00', digest.toUpperCase()]) {
    assert.match(await ends(2, ...proofOf('--digest', bad)), /--digest takes sha256:HEX/);
  }
  assert.match(await ends(2, ...proofOf('--entry', entryId, '--size', '3')), /--size is for a proof by --index/);
});

test('proof as a bundle: the enrolment of the key goes along, and verify checks the signature with it', async () => {
  const out = vendor.path('kdb.limmat.json');
  const said = await run('proof', ...vendor.target, '--entry', entryId, '--bundle', '--out', out);
  assert.is((said.key as { purpose: string }).purpose, 'build');
  const verified = await run(...verify(out, '--artifact', kdb));
  assert.equal(verified.key, said.key);
  const bundle = ['proof', ...vendor.target, '--index', '0', '--bundle'];
  assert.match(await ends(2, ...bundle), /no entry that enrolled the key of entry 0: leave out --bundle/);
  assert.match(await ends(2, ...bundle, '--transparent'), /give one of them/);
  await endsIn(vendor.root, 0, 'proof', ...vendor.target, '--index', String(index), '--bundle');
  assert.ok(statSync(vendor.path(`entry-${index}.limmat.json`)).isFile());
});

test('sign: every kind is told, personal data and what cannot be are refused, nothing is overwritten', async () => {
  const out = vendor.path('signed.cose');
  const who = ['--key', vendor.key('operations'), '--issuer', 'acme', '--audience', ORIGIN, '--out', out];
  const site = vendor.file('s.yaml', 'event: declare\nsiteId: ber-1\ncountry: DE\noperator: Colocation AG\n');
  assert.match(await ends(2, 'sign', 'poem', '--file', site, ...who), /no kind "poem".*policy, heartbeat, key/);
  assert.is((await run('sign', 'site', '--file', site, ...who)).statement, out);
  assert.match(await ends(2, 'sign', 'site', '--file', site, ...who), /exists and is not overwritten/);
  const next = ['--key', vendor.key('operations'), '--issuer', 'acme', '--out', vendor.path('next.cose')];
  const bad = vendor.file('bad.yaml', 'event: declare\nsiteId: ber-1\ncountry: DE\noperator: call a@b.example\n');
  assert.match(await ends(3, 'sign', 'site', '--file', bad, ...next), /personal-data: operator looks like it holds/);
  const event = vendor.file('event.yaml', 'event: activate\nkeyId: build-1\n');
  assert.match(await ends(2, 'sign', 'key', '--file', event, ...next), /--subject is missing: key:KID/);
  assert.match(await ends(2, 'sign', 'site', '--file', site, '--enroll', vendor.key('build'), ...next), /goes with/);
  assert.match(
    await ends(3, 'sign', 'heartbeat', '--file', vendor.file('h.yaml', 'at: now\n'), ...next),
    /schema: at must/,
  );
  await ends(2, 'submit', 'statement', site, ...vendor.target);
});

test('fsck finds nothing to say about the log, from inside while it is served and from outside', async () => {
  assert.equal(await run('fsck', '--data', vendor.data), { origin: ORIGIN, size: 9, findings: [] });
  assert.equal(await run('fsck', ...vendor.target), { origin: ORIGIN, size: 9, findings: [] });
});

test('the server stops when it is told to', async () => {
  assert.is(await vendor.server.end('SIGTERM'), 0, vendor.server.stderr());
});

test('verify in an opaque log: the file is the entry, in the proof or beside it', async () => {
  const data = await opaqueLog();
  const server = await serve(data);
  assert.equal(await addAll(server.url, ['an opaque entry']), [0]);
  assert.equal(await addAll(server.url, ['another one']), [1]);
  const keys = ['--vkey', `${data}/log.vkey`];
  const out = vendor.path('opaque.tlog-proof');
  const said = await run('proof', '--url', server.url, ...keys, '--index', '0', '--out', out);
  assert.is(said.statement, undefined);
  await server.end('SIGTERM');
  const [right, wrong] = [vendor.file('right', 'an opaque entry'), vendor.file('wrong', 'another one')];
  assert.is((await run('verify', out, ...keys, '--artifact', right)).artifact, right);
  assert.match(await ends(1, 'verify', out, ...keys, '--artifact', wrong), /is not the entry that was logged/);
  const bare = vendor.file('bare', readFileSync(out, 'utf8').replace(/^extra .*\n/m, ''));
  await run('verify', bare, ...keys, '--artifact', right);
  await ends(1, 'verify', bare, ...keys, '--artifact', wrong);
  assert.match(await ends(2, 'verify', bare, ...keys), /give the file that was logged/);
});

/** A log that answers every submission with the same proof. */
async function answering(bytes: Uint8Array): Promise<{ url: string; close(): void }> {
  const { checkpoint } = parseTlogProof(bytes);
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      if (request.url === '/checkpoint') response.end(checkpoint);
      else response.writeHead(201).end(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

test('a repeat with another signature of an ECDSA key is the entry that was there; another statement is not', async () => {
  const p256 = await Vendor.begin('p256');
  const file = p256.file('kdb.cab', 'an artifact');
  const [first, second] = [p256.path('first'), p256.path('second')];
  const logged = await p256.build('1', [file], '--out', first);
  assert.is(await p256.server.end('SIGTERM'), 0);
  const log = await answering(readFileSync(first));
  const submit = (version: string) => [
    ...['submit', 'build', ...p256.buildFlags(version, [file])],
    ...['--url', log.url, '--vkey', p256.vkey, '--out', second],
  ];
  const again = await run(...submit('1'));
  assert.is(again.entry, logged.entry);
  assert.is(again.leafHash, logged.leafHash);
  rmSync(second);
  assert.match(await ends(1, ...submit('2')), /the proof of another statement/);
  assert.not.ok(existsSync(second), 'a proof that is not of it is not kept');
  const { entryId } = logged.statement as { entryId: string };
  const other = `${entryId[0] === 'A' ? 'B' : 'A'}${entryId.slice(1)}`;
  const asked = ['--url', log.url, '--vkey', p256.vkey, '--entry', other, '--out', second];
  assert.match(await ends(1, 'proof', ...asked), /the proof of another entry than/);
  const digest = `sha256:${createHash('sha256').update(readFileSync(file)).digest('hex')}`;
  const sized = asked.with(-4, '--digest').with(-3, digest);
  assert.match(
    await ends(1, 'proof', ...sized, '--size', '4'),
    new RegExp(`a proof for size ${logged.treeSize} instead of 4`),
  );
  log.close();
});

test.run();
