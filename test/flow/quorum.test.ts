import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cosignersOf } from '../../src/cli/witnessdir.ts';
import { fromHex, utf8 } from '../../src/core/bytes.ts';
import { formatCheckpoint } from '../../src/core/checkpoint.ts';
import { signStatement } from '../../src/core/cose.ts';
import { type OpenedCheckpoint, openCheckpoint, signedMessage, toNoteSignature } from '../../src/core/cosignature.ts';
import { leafHash } from '../../src/core/hash.ts';
import { deriveSeed } from '../../src/core/logkeys.ts';
import { formatNote, formatVkey, parseVkey, type Vkey } from '../../src/core/note.ts';
import { kidOf, signerOf } from '../../src/core/signature.ts';
import { formatTlogProof, parseTlogProof } from '../../src/core/tlogproof.ts';
import { contentTypeOf } from '../../src/registry/names.ts';
import { payloadOf } from '../../src/registry/payload.ts';
import { readKeyFile } from '../../src/store/keyfile.ts';
import { readSeed } from '../../src/store/seed.ts';
import type { Cosigner } from '../../src/witness/witness.ts';
import { ORIGIN, run, Vendor } from '../cli/world.ts';
import { folder } from '../folder.ts';
import { STRANGER } from '../witness/testlog.ts';
import { Gate } from './gate.ts';
import { limmat, type Server, serve, serveWitness } from './server.ts';
import { says, until } from './until.ts';

// A log of statements as an operator runs it, with three witnesses of ours and a quorum of two.

type Witnessed = { readonly data: string; readonly gate: Gate; server: Server };

const vendor = await Vendor.begin();
await vendor.server.end('SIGTERM');
const witnesses: Witnessed[] = [];
for (const n of [0, 1, 2]) {
  const data = join(folder(), 'witness');
  await run('witness', 'init', '--data', data, '--name', `w${n}.example`);
  await run('witness', 'add-log', '--data', data, vendor.vkey);
  witnesses.push({ data, gate: await Gate.open(), server: await serveWitness(data) });
}
const [w0, w1, w2] = witnesses as [Witnessed, Witnessed, Witnessed];
/** A policy that asks for two of some witnesses. */
const twoOf = (...some: Witnessed[]) => {
  const named = some.map((one) => ({ ...one, name: `w${witnesses.indexOf(one)}` }));
  const names = named.map(({ name }) => name);
  const lines = named.map(({ name, gate, server }) => `witness ${name} ${server.vkeys[0]} ${gate.url}/`);
  const text = [...lines, `group enough 2 ${names.join(' ')}`, 'quorum enough\n'].join('\n');
  return vendor.file(`${names.join('-')}.policy`, text);
};
const policy = twoOf(w0, w1, w2);
const allKeys = () => [...log.vkeys, ...witnesses.map(({ server }) => server.vkeys[0] as string)].map(parseVkey);
let log: Server;

const start = async (...more: string[]) => {
  log = await serve(vendor.data, '--policy', policy, ...more);
};
const up = (...all: Witnessed[]) => {
  for (const one of witnesses) one.gate.target = all.includes(one) ? one.server.url : undefined;
};

let builds = 0;
/** Submits a build that is new; answers the response. */
function submit(): Promise<Response> {
  builds++;
  const signer = readKeyFile(vendor.key('build'));
  const payload = payloadOf('build', {
    product: 'kdb',
    version: String(builds),
    artifactKind: 'software',
    artifacts: [{ name: 'a', digests: { sha256: fromHex('00'.repeat(32), 'bad-request') }, size: 1 }],
    builder: 'https://acme.example/b',
    site: 'zrh-1',
  });
  const kid = kidOf(signer.key);
  const statement = signStatement({
    signer,
    kid,
    contentType: contentTypeOf('build'),
    iss: 'acme',
    sub: `pkg:generic/kdb@${builds}`,
    payload,
  });
  const headers = { 'content-type': 'application/cose', accept: 'text/x.tlog-proof' };
  return fetch(`${log.url}/entries`, { method: 'POST', headers, body: statement as BodyInit });
}

const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());
const checkpoint = async () => openCheckpoint(await bytesOf(await fetch(`${log.url}/checkpoint`)), allKeys());
const health = async () => (await fetch(`${log.url}/healthz`)).json() as Promise<Record<string, unknown>>;
/** What the pages are told. */
const trouble = async () => ((await (await fetch(`${log.url}/v1/log`)).json()) as { trouble?: string }).trouble;
const metric = async (name: string) => {
  const text = await (await fetch(`${log.url}/metrics`)).text();
  return Number(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (.*)$`, 'm').exec(text)?.[1]);
};

/** Who cosigned. */
const by = ({ signed }: OpenedCheckpoint) =>
  [...new Set(signed.map(({ vkey }) => vkey.name).filter((name) => name.startsWith('w')))].sort().join(' ');

/** A proof of a statement, whose checkpoint a quorum has cosigned. */
async function cosignedProof(response: Response): Promise<OpenedCheckpoint> {
  assert.is(response.status, 201, await response.clone().text());
  const opened = openCheckpoint(parseTlogProof(await bytesOf(response)).checkpoint, allKeys());
  assert.ok(by(opened).split(' ').length >= 2, by(opened));
  return opened;
}

test('a proof comes with the cosignatures of a quorum, and what comes later is added', async () => {
  up(w0, w1, w2);
  await start();
  await cosignedProof(await submit());
  await until(checkpoint, (opened) => by(opened) === 'w0.example w1.example w2.example');
  const release = w2.gate.hold();
  const { checkpoint: head } = await cosignedProof(await submit());
  const early = await checkpoint();
  assert.equal(
    [early.checkpoint.size, by(early)],
    [head.size, 'w0.example w1.example'],
    'the slow one is not waited for',
  );
  release();
  const late = await until(checkpoint, (opened) => by(opened).includes('w2'));
  assert.is(late.checkpoint.size, head.size);
  assert.is(by(late), 'w0.example w1.example w2.example');
  assert.equal([(await health()).status, await metric('limmat_quorum')], ['ok', 1]);
});

test('what was added later is still there after a kill, and one witness that is gone changes nothing', async () => {
  const before = await checkpoint();
  await log.end('SIGKILL');
  up(w0, w2);
  await start();
  assert.is((await checkpoint()).checkpoint.size, before.checkpoint.size);
  await cosignedProof(await submit());
  assert.is(by(await until(checkpoint, (opened) => by(opened) !== '')), 'w0.example w2.example');
  await says(log, /the witness w1 does not cosign: it cannot be reached/);
});

test('all are gone: the old checkpoint stays, submitters get a promise, everything says so; then they are back', async () => {
  const before = await checkpoint();
  up();
  const promised = await submit();
  assert.equal([promised.status, await promised.text()], [202, '']);
  const location = promised.headers.get('location') as string;
  assert.equal((await checkpoint()).checkpoint, before.checkpoint);
  assert.is((await fetch(location)).status, 204, 'logged, and not to be seen yet');
  const said = await health();
  assert.equal([said.status, (said.witnesses as { quorum: boolean }).quorum], ['degraded', false]);
  assert.match(said.problem as string, /no quorum of witnesses since 20.*older checkpoint stays/);
  assert.is(await trouble(), said.problem, 'for people too');
  assert.is(await metric('limmat_quorum'), 0);
  await says(log, /no quorum of witnesses: quorum not met: it is 2 of \(w0, w1, w2\)/);
  // A start without witnesses listens all the same, and makes no other history.
  await log.end('SIGKILL');
  await start();
  assert.equal((await checkpoint()).checkpoint, before.checkpoint);
  assert.is((await submit()).status, 202);
  assert.is(await log.end('SIGTERM'), 0, 'it ends though it cannot publish');
  await start();
  up(w0, w1, w2);
  const after = await until(checkpoint, ({ checkpoint: { size } }) => size > before.checkpoint.size);
  assert.is(after.checkpoint.size, before.checkpoint.size + 2, 'nobody had to submit anything for that');
  const receipt = await fetch(`${log.url}/entries/${location.split('/').at(-1)}`);
  assert.is(receipt.status, 200);
  assert.is((await health()).status, 'ok');
  assert.is(await trouble(), undefined);
});

test('killed between the guard and the publication: the same head is cosigned and published by the next start', async () => {
  // Whoever was away has been asked again by now, so the next request is of a new head.
  const before = await until(checkpoint, (opened) => by(opened) === 'w0.example w1.example w2.example');
  const releases = witnesses.map(({ gate }) => gate.hold());
  const arrived = w0.gate.next();
  submit().catch(() => {}); // whoever sent it hears nothing
  await arrived; // so the head is guarded and signed, and it left the process
  await log.end('SIGKILL');
  for (const release of releases) release();
  await start();
  const after = await until(checkpoint, ({ checkpoint: { size } }) => size > before.checkpoint.size);
  assert.is(after.checkpoint.size, before.checkpoint.size + 1);
  assert.ok(by(after).split(' ').length >= 2);
});

test('a witness that was restored from an old state is healed', async () => {
  await w1.server.end('SIGTERM');
  const backup = `${w1.data}.backup`;
  cpSync(w1.data, backup, { recursive: true });
  w1.server = await serveWitness(w1.data);
  up(w0, w1, w2);
  await cosignedProof(await submit());
  await w1.server.end('SIGTERM');
  rmSync(w1.data, { recursive: true });
  cpSync(backup, w1.data, { recursive: true });
  w1.server = await serveWitness(w1.data);
  up(w1, w2);
  await until(submit, ({ status }) => status === 201);
  await until(checkpoint, (opened) => by(opened).includes('w1'));
});

test('fail-open is visible everywhere, and publishes', async () => {
  await log.end('SIGTERM');
  up(w0);
  await start('--witness-fail-open');
  await says(log, /published without witnesses: --witness-fail-open is on/);
  const answer = await until(submit, ({ status }) => status === 201);
  const opened = openCheckpoint(parseTlogProof(await bytesOf(answer)).checkpoint, allKeys());
  assert.is(opened.checkpoint.size, (await checkpoint()).checkpoint.size);
  await says(log, new RegExp(`size ${opened.checkpoint.size} is published without a quorum of witnesses`));
  const said = await health();
  assert.is(said.status, 'degraded');
  assert.match(said.problem as string, /--witness-fail-open is on/);
  assert.is(await trouble(), said.problem);
  assert.is(await metric('limmat_witness_fail_open'), 1);
  assert.ok((await metric('limmat_published_without_quorum')) > 0);
  await log.end('SIGTERM');
});

test('fail-open does not take cosignatures away, and publishes a head once', async () => {
  up(w0, w1, w2);
  await start();
  await cosignedProof(await submit());
  await until(checkpoint, (opened) => by(opened) === 'w0.example w1.example w2.example');
  const before = await checkpoint();
  await log.end('SIGTERM');
  up();
  await start('--witness-fail-open');
  await says(log, /no quorum of witnesses: /);
  await until(submit, ({ status }) => status === 201);
  const publications = await metric('limmat_published_without_quorum');
  const more = (await checkpoint()).checkpoint.size - before.checkpoint.size;
  assert.ok(publications > 0 && publications <= more, 'larger heads alone, and not the one that was cosigned');
  const rounds = () => metric('limmat_cosign_attempts{witness="w0"}');
  const asked = await rounds();
  await until(rounds, (now) => now >= asked + 2);
  assert.is(await metric('limmat_published_without_quorum'), publications, 'it is cosigned by nobody still');
  up(w0, w1, w2);
  await until(checkpoint, (opened) => by(opened).split(' ').length >= 2);
  await log.end('SIGTERM');
  await start('--witness-fail-open');
  const cosigned = await until(checkpoint, (opened) => by(opened) === 'w0.example w1.example w2.example');
  await log.end('SIGTERM');
  up();
  await start('--witness-fail-open');
  await says(log, /no quorum of witnesses: /);
  assert.equal(by(await checkpoint()), by(cosigned));
  await log.end('SIGTERM');
});

test('commands believe a checkpoint that the policy is met by, and say why not', async () => {
  up(w0, w1, w2);
  await start();
  const out = vendor.path('seen.tlog-proof');
  const from = ['--url', log.url, '--vkey', vendor.vkey];
  const submitted = await run(
    'submit',
    'build',
    ...vendor.buildFlags('9.9', [vendor.vkey]),
    ...from,
    '--policy',
    policy,
    '--out',
    out,
  );
  const said = submitted.witnesses as string[];
  assert.is(said[1], 'quorum met: it is 2 of (w0, w1, w2)');
  const { witnesses: again } = await run('verify', out, '--vkey', vendor.vkey, '--policy', policy, '--max-age', '1h');
  assert.equal(again, said);
  const logs = log.vkeys.map((vkey) => `log ${vkey}\n`).join('');
  const whole = vendor.file('whole.policy', logs + readFileSync(policy, 'utf8'));
  await run('verify', out, '--policy', whole); // the keys of the log are in the policy
  const index = String(submitted.entry);
  await run('proof', '--index', index, ...from, '--policy', policy, '--out', vendor.path('fetched'));

  const why = async (code: number, ...args: string[]) => {
    const ran = await limmat('verify', ...args);
    assert.is(ran.code, code, ran.stderr);
    return ran.stderr;
  };
  const fetched = ['proof', '--index', index, ...from, '--policy', policy, '--transparent'];
  const transparent = await run(...fetched, '--out', vendor.path('fetched.cose'));
  assert.equal(transparent.witnesses, ['no witness evidence: a receipt is the word of the log alone']);

  const three = vendor.file('three.policy', readFileSync(policy, 'utf8').replace('enough 2', 'enough 3'));
  const lines = readFileSync(out, 'utf8').split('\n');
  const onlyOne = lines.filter((line) => !/^— w[12]/.test(line)).join('\n');
  const args = ['--vkey', vendor.vkey, '--policy', policy];
  assert.match(
    await why(1, vendor.file('one', onlyOne), ...args),
    /quorum not met: it is 2 of .*no cosignature by w1; no cosignature by w2/,
  );
  assert.match(await why(1, vendor.file('one', onlyOne), '--vkey', vendor.vkey, '--policy', three), /3 of|all of/);
  assert.match(await why(2, out, ...args, '--max-age', 'soon'), /takes a duration such as/);
  await run('verify', out, '--vkey', vendor.vkey, '--max-age', '1h'); // the log has said when it signed
  const entryId = (submitted.statement as { entryId: string }).entryId;
  const receipt = vendor.file('receipt.cose', await bytesOf(await fetch(`${log.url}/entries/${entryId}`)));
  assert.match(await why(1, receipt, ...args), /no witness evidence: .* the word of the log alone/);
  const bundle = vendor.path('witnesses.trust');
  await run('trust', 'bundle', ...from, '--policy', policy, '--out', bundle);
  for (const file of [receipt, vendor.path('fetched.cose')]) {
    for (const more of [[], ['--max-age', '1h'], ['--artifact', vendor.vkey]]) {
      assert.match(await why(1, file, '--trust', bundle, ...more), /no witness evidence: .* the word of the log alone/);
    }
  }
  for (const pinned of [['--trust', bundle], args]) {
    const { stderr } = await limmat('verify', vendor.file('one', onlyOne), ...pinned, '--json');
    const { error } = JSON.parse(stderr) as { error: Record<string, string> };
    assert.equal([error.code, error.rule], ['no-quorum', undefined], pinned[0]);
  }
  assert.match(await why(2, receipt, '--vkey', vendor.vkey), /is COSE, not a \.tlog-proof/);
  await log.end('SIGTERM');
});

test('whatever reads a checkpoint asks for the quorum: verdict, approve, key events, fsck, replay', async () => {
  up(w0, w1, w2);
  await start();
  const artifact = vendor.file('asked.bin', 'asked');
  const target = ['--url', log.url, '--vkey', vendor.vkey];
  await run(
    'submit',
    'build',
    ...vendor.buildFlags('9.10', [artifact]),
    ...target,
    '--policy',
    policy,
    '--out',
    `${artifact}.proof`,
  );
  const enrolment = vendor.path('enrolment.tlog-proof');
  await run('proof', '--index', '2', ...target, '--out', enrolment);
  const signing = ['--key', vendor.key('root'), '--out'];
  const offline = ['--proposal', enrolment, '--vkey', vendor.vkey];
  const commands = (name: string) => [
    ['verdict', ...target, '--artifact', artifact],
    ['approve', ...target, '--index', '2', ...signing, vendor.path(`${name}-1.cose`)],
    ['approve', ...offline, ...signing, vendor.path(`${name}-2.cose`)],
    ['key', 'suspend', '2', '--reason', 'superseded', ...target, ...signing, vendor.path(`${name}-3.cose`)],
    ['fsck', ...target],
    ['replay', ...target],
  ];
  for (const args of commands('met')) await run(...args, '--policy', policy, '--max-age', '1h');
  const [stranger] = cosignersOf('stranger.example', new Uint8Array(32)) as [Cosigner, Cosigner];
  const unmet = vendor.file('unmet.policy', `witness stranger ${formatVkey(stranger.vkey)}\nquorum stranger\n`);
  for (const args of commands('unmet')) {
    const { code, stdout, stderr } = await limmat(...args, '--policy', unmet);
    assert.equal(
      [code, /no cosignature by stranger/.test(stdout + stderr)],
      [1, true],
      `${args[0]}: ${stdout}${stderr}`,
    );
  }
  const { code, stderr } = await limmat('fsck', '--data', vendor.data, '--policy', policy);
  assert.equal([code, /--policy is for --url/.test(stderr)], [2, true], stderr);
  await log.end('SIGTERM');
});

/** A proof of a tree that the log did not publish, by its own key and those of witnesses at a time in seconds. */
function forged(time: number, ...cosigning: Witnessed[]): string {
  const text = formatCheckpoint({ origin: ORIGIN, size: 1, root: leafHash(utf8('another entry')) });
  const [own] = log.vkeys.map(parseVkey) as [Vkey];
  const signer = signerOf('ed25519', deriveSeed(readSeed(join(vendor.data, 'seed')), 'checkpoint-ed25519', 0));
  const keys = cosigning.map((one) => {
    const name = `w${witnesses.indexOf(one)}.example`;
    return cosignersOf(name, readSeed(join(one.data, 'seed')))[0] as Cosigner;
  });
  const signatures = [{ vkey: own, signer }, ...keys].map(({ vkey, signer: { sign } }) =>
    toNoteSignature(vkey, sign(signedMessage(vkey, text, time)), time),
  );
  const checkpoint = utf8(formatNote({ text, signatures }));
  return vendor.file('forged', formatTlogProof({ index: 0, path: [], checkpoint, extra: utf8('another entry') }));
}

test('a witness that cosigns two trees cannot make the second one believed; a quorum of old cosignatures can be refused', async () => {
  const now = Math.floor(Date.now() / 1000);
  const lie = forged(now, w2);
  await run('verify', lie, '--vkey', vendor.vkey); // the log alone can say so
  const refused = async (...args: string[]) => {
    const { code, stderr } = await limmat('verify', ...args, '--vkey', vendor.vkey, '--policy', policy);
    assert.is(code, 1, stderr);
    return stderr;
  };
  assert.match(await refused(lie), /no cosignature by w0; no cosignature by w1/);
  const old = forged(now - 7200, w0, w1);
  await run('verify', old, '--vkey', vendor.vkey, '--policy', policy);
  await run('verify', old, '--vkey', vendor.vkey, '--policy', policy, '--max-age', '3h');
  const alone = await limmat('verify', old, '--vkey', vendor.vkey, '--max-age', '1h');
  assert.match([alone.code, alone.stderr].join(' '), /^1 .*the newest signature has no time/);
  assert.match(await refused(old, '--max-age', '1h'), /too old a cosignature by w0; too old a cosignature by w1/);
  assert.match(await refused(forged(now + 1000, w0, w1), '--max-age', '1h'), /a cosignature from the future by w0/);
});

/** What a witness says that claims to know more than there is, and shows nothing: litewitness never does. */
const claims = (path: string) =>
  path === '/add-checkpoint'
    ? { status: 409, type: 'text/x.tlog.size', body: utf8('100000\n') }
    : { status: 404, type: 'text/plain', body: utf8('') };

test('a witness that lies of a larger size while the log runs counts for nothing, is told of, and the log goes on with the others', async () => {
  up(w0, w1, w2);
  await start('--witness-fail-open');
  await until(checkpoint, (opened) => by(opened).includes('w2'));
  w2.gate.instead = claims;
  await cosignedProof(await submit());
  await says(log, /ALARM: the witness w2 says of this log: it has cosigned size 100000/);
  const said = await until(health, ({ status }) => status === 'degraded');
  assert.match(said.problem as string, /^ALARM: the witness w2 says of this log: it has cosigned size 100000/);
  assert.equal(
    [await metric('limmat_witness_alarm{witness="w2"}'), await metric('limmat_witness_alarm{witness="w0"}')],
    [1, 0],
  );
  up(w2);
  assert.is((await submit()).status, 202, 'failing open is for witnesses that are away, and for no others');
  await log.end('SIGTERM');
});

test('the same before anything was signed since a start: nothing is, until the witness is taken out of the policy', async () => {
  const before = await checkpoint().catch(() => undefined);
  assert.is(before, undefined, 'the log is down');
  await start('--witness-fail-open');
  const said = await until(health, ({ status }) => status === 'unhealthy');
  assert.match(
    said.problem as string,
    /the witness w2 says of this log: it has cosigned size 100000.*take it out of the policy/,
  );
  assert.is((await submit()).status, 503);
  assert.is((await fetch(`${log.url}/checkpoint`)).status, 200, 'reads go on');
  await log.end('SIGTERM');
  up(w0, w1, w2);
  log = await serve(vendor.data, '--policy', twoOf(w0, w1));
  await cosignedProof(await submit());
  assert.is((await health()).status, 'ok');
  await log.end('SIGTERM');
  w2.gate.instead = undefined;
});

test('a witness that was away is asked again for a head that the others had a quorum for', async () => {
  up(w0, w1);
  await start();
  await cosignedProof(await submit());
  assert.is(by(await checkpoint()), 'w0.example w1.example');
  up(w0, w1, w2);
  await until(checkpoint, (opened) => by(opened).includes('w2'));
  await log.end('SIGTERM');
});

test('database and guard restored together: a witness shows the larger checkpoint, and nothing is signed', async () => {
  up(w0, w1, w2);
  const backup = join(folder(), 'backup');
  cpSync(vendor.data, join(backup, 'log'), { recursive: true });
  cpSync(`${vendor.data}.guard`, join(backup, 'guard'));
  await start();
  const { checkpoint: newest } = await cosignedProof(await submit());
  await until(checkpoint, (opened) => by(opened) === 'w0.example w1.example w2.example');
  await log.end('SIGTERM');
  rmSync(vendor.data, { recursive: true });
  cpSync(join(backup, 'log'), vendor.data, { recursive: true });
  cpSync(join(backup, 'guard'), `${vendor.data}.guard`);
  up(w1); // one is enough to show it
  await start();
  const said = await health();
  assert.is(said.status, 'unhealthy');
  assert.match(
    said.problem as string,
    new RegExp(`the witness w1 shows a checkpoint of size ${newest.size} that this log signed`),
  );
  const refused = await submit();
  assert.is(refused.status, 503);
  assert.is((await fetch(`${log.url}/checkpoint`)).status, 200, 'reads go on');
  assert.ok((await checkpoint()).checkpoint.size < newest.size);
  await log.end('SIGTERM');
  // The same without the witness that knows: it grows beyond, as nobody can tell; then the witness shows the fork.
  up();
  await start('--witness-fail-open');
  for (let i = 0; i < 3; i++) await until(submit, ({ status }) => status === 201);
  await log.end('SIGTERM');
  up(w1);
  await start();
  assert.match((await health()).problem as string, /with another root than it has: two histories were signed/);
  await log.end('SIGTERM');
});

test('serve refuses a policy that is not for it', async () => {
  const refused = async (text: string, why: RegExp) => {
    const args = [
      'serve',
      '--data',
      vendor.data,
      '--listen',
      '127.0.0.1:0',
      '--policy',
      vendor.file('bad.policy', text),
    ];
    const { code, stderr } = await limmat(...args);
    assert.equal([code, why.test(stderr)], [2, true], stderr);
  };
  const [vkey] = w0.server.vkeys;
  await refused('quorum w\n', /line 1 of the policy: no line before this one defines w/);
  await refused(`witness w ${vkey}\nquorum w\n`, /cannot be met by the witnesses that have a URL/);
  await refused(`witness w ${vkey} ftp://w.example\nquorum w\n`, /not the http or https URL/);
  await refused(
    `log ${formatVkey(STRANGER.vkey)}\nwitness w ${vkey} ${w0.gate.url}\nquorum w\n`,
    /none of them is a key of log\.example\/cli/,
  );
  const { code, stderr } = await limmat('serve', '--data', vendor.data, '--witness-fail-open');
  assert.equal([code, /is for a log with witnesses/.test(stderr)], [2, true], stderr);
  for (const { server } of witnesses) assert.is(await server.end('SIGTERM'), 0);
});

test.run();
