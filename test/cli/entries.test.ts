import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ends, endsIn, ORIGIN, run, Vendor } from './world.ts';

// Entries of every kind from files and flags: references by their index, evidence as a file, and nothing personal.

const vendor = await Vendor.begin();
const by = (key: string, ...more: string[]) => [
  '--key',
  vendor.key(key),
  '--issuer',
  'acme',
  ...vendor.target,
  ...more,
];
const sha256 = (...parts: (string | Uint8Array)[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

type Logged = { entry: number; leafHash: string; proof: string; payload: Record<string, unknown>; subject: string };

/** Submits an entry that must get in. */
async function log(kind: string, key: string, yaml: string, ...flags: string[]): Promise<Logged> {
  const file = yaml === '' ? [] : ['--file', vendor.file(`${kind}.yaml`, yaml)];
  const out = vendor.path(`${kind}.tlog-proof`);
  const said = await run('submit', kind, ...file, ...by(key), '--out', out, ...flags);
  assert.is((await run('verify', out, '--vkey', vendor.vkey)).entry, said.entry);
  const { payload, subject } = said.statement as Logged;
  return { ...(said as unknown as Logged), payload, subject };
}

const kdb = vendor.file('kdb.cab', 'a build');
const build = await vendor.build('1', [kdb], '--out', vendor.path('kdb.tlog-proof'));
const buildRef = { index: build.entry, leafHash: build.leafHash };
const PROCESS = 'event: declare\nprocessId: samples\ntitle: Analysis of file samples\ndataCategories: [file-sample]\n';
const MOVE = `relocationId: eu-2018
process: samples
dataCategories: [file-sample]
subjectCountries: [DE, FR]
from: [zrh-1]
to: [zrh-2]
effectiveAt: 2018-11-13T00:00:00Z
`;

test('a reference is an index alone: by a flag or in the file, its leaf hash is read from the log', async () => {
  const text = 'reason: defect\nsafeVersion: "2"\n';
  const withdrawal = await log('withdrawal', 'build', text, '--ref', String(build.entry));
  assert.equal(withdrawal.payload.ref, buildRef);
  assert.is(withdrawal.subject, `entry:${build.entry}`);
  const wrong = `ref: ${withdrawal.entry}\nwhat: it was no defect\nknownSince: 2018-11-13T00:00:00Z\ncause: a mistake\n`;
  const correction = await log('correction', 'operations', `${wrong}refs: [0, {index: ${build.entry}}]\n`);
  assert.equal(correction.payload.ref, { index: withdrawal.entry, leafHash: withdrawal.leafHash });
  assert.equal((correction.payload.refs as unknown[])[1], buildRef);
});

test('site, process, relocation, disclosure: from YAML and JSON, with flags over the file', async () => {
  const site = JSON.stringify({
    event: 'declare',
    siteId: 'zrh-2',
    country: 'CH',
    operator: 'AG',
    note: 'from the file',
  });
  const flags = [
    '--note',
    'from the flag',
    '--at',
    '2018-11-01T00:00:00Z',
    '--retrospective',
    '--ref',
    '6',
    '--ref',
    '0',
  ];
  const { payload } = await log('site', 'operations', site, ...flags);
  assert.is(payload.note, 'from the flag');
  assert.is(payload.at, '2018-11-01T00:00:00Z');
  assert.is(payload.retrospective, true);
  assert.equal(
    (payload.refs as { index: number }[]).map(({ index }) => index),
    [6, 0],
  );
  await log('process', 'operations', PROCESS);
  const announced = await log('relocation', 'operations', `phase: announced\ndue: 2019-12-31T00:00:00Z\n${MOVE}`);
  assert.is(announced.subject, 'relocation:eu-2018');
  const started = await log('relocation', 'operations', `phase: started\nprevious: ${announced.entry}\n${MOVE}`);
  assert.equal(started.payload.previous, { index: announced.entry, leafHash: announced.leafHash });
  const period = 'period: {from: 2018-01-01T00:00:00Z, to: 2018-12-31T00:00:00Z}';
  await log('disclosure', 'operations', `${period}\ncountry: CH\nreceived: 3\nrejected: 1\n`, '--at', 'now');
});

test('policy, key, approval, attestation, review: a supervisor joins and says what it found', async () => {
  const roots = ['exam-1', 'exam-2'].map((name) => vendor.key(name)) as [string, string];
  const rootKeys = [];
  for (const out of roots) rootKeys.push((await run('keygen', '--out', out)).publicKey);
  const first = await run('proof', '--index', '0', ...vendor.target, '--out', vendor.path('0.tlog-proof'));
  const { payload: policy } = first.statement as { payload: { organisations: unknown[] } };
  const exam = { id: 'exam', name: 'Examplaris', role: 'supervisor', rootKeys, threshold: 2 };
  const next = { ...policy, version: 2, organisations: [...policy.organisations, exam] };
  const as = (iss: string, key: string) => ['--key', key, '--issuer', iss, ...vendor.target];
  const submit = async (kind: string, who: string[], fields: unknown, ...flags: string[]) => {
    const file = vendor.file(`${kind}.json`, JSON.stringify(fields));
    return run('submit', kind, '--file', file, ...who, '--out', vendor.path('out.tlog-proof'), ...flags);
  };
  await submit('policy', as('operator', join(vendor.data, 'operator-key.pem')), next);
  await run('keygen', '--out', vendor.key('watch'));
  const about = ['--issuer', 'exam', '--purpose', 'supervision', '--key-id', 'watch-1', '--vkey', vendor.vkey];
  await run('key', 'prove', '--key', vendor.key('watch'), ...about, '--out', vendor.path('watch-1.json'));
  for (const event of ['enroll', 'activate']) {
    const draft = vendor.path(`${event}.yaml`);
    await run('key', event, vendor.path('watch-1.json'), '--draft', draft);
    // The draft is a file like others.
    const proposed = await run('submit', 'key', '--file', draft, ...as('exam', roots[0]), '--out', `${draft}.proof`);
    const approval = ['submit', 'approval', '--ref', String(proposed.entry), ...as('exam', roots[1])];
    await run(...approval, '--out', vendor.path('approval.tlog-proof'));
  }
  const who = as('exam', vendor.key('watch'));
  const found = { claim: 'build-equals-source', verdict: 'confirm', method: 'compiled it' };
  const attestation = await submit('attestation', who, found, '--ref', String(build.entry));
  const { payload, audience } = attestation.statement as { payload: Record<string, unknown>; audience?: string };
  assert.equal(payload.refs, [buildRef]);
  assert.is(audience, undefined, 'what a supervisor found holds for every log');
  const visit = { centre: 'acme/zrh-1', depth: 'all of it', outcome: 'as it was said', days: 3 };
  await submit('review', who, visit, '--ref', String(build.entry));
});

test('evidence is hashed and stays here; its type is guessed, or given', async () => {
  const report = vendor.file('report.PDF', '%PDF the report');
  const at = 'https://acme.example/report.pdf';
  const text = 'event: retire\nsiteId: zrh-2\ncountry: CH\noperator: AG\n';
  const { payload } = await log('site', 'operations', text, '--evidence', report, '--location', at);
  assert.equal(payload.evidence, {
    mediaType: 'application/pdf',
    digest: { alg: 'sha256', value: sha256('%PDF the report') },
    salted: false,
    size: 15,
    location: at,
  });
  assert.not.ok(existsSync(`${report}.salt`));
  const odd = vendor.file('minutes.of-it', 'short');
  const given = ['--evidence', odd, '--media-type', 'text/markdown'];
  const second = await log(
    'site',
    'operations',
    text.replace('retire', 'declare').replaceAll('zrh-2', 'zrh-3'),
    ...given,
  );
  assert.is((second.payload.evidence as { mediaType: string }).mediaType, 'text/markdown');
  const third = await log('site', 'operations', text.replaceAll('zrh-2', 'zrh-3'), '--evidence', odd);
  assert.is((third.payload.evidence as { mediaType: string }).mediaType, 'application/octet-stream');
});

test('salted evidence is a commitment: the salt lies beside the file, for its owner alone, and is used again', async () => {
  const minutes = vendor.file('minutes.txt', 'yes');
  const site = (id: string) => `event: declare\nsiteId: ${id}\ncountry: CH\noperator: AG\n`;
  const first = await log('site', 'operations', site('a'), '--evidence', minutes, '--salted');
  const salt = readFileSync(`${minutes}.salt`);
  assert.is(salt.length, 32);
  assert.is(statSync(`${minutes}.salt`).mode & 0o777, 0o600);
  assert.equal(first.payload.evidence, {
    mediaType: 'text/plain',
    digest: { alg: 'sha256', value: sha256(Uint8Array.of(2), salt, 'yes') },
    salted: true,
  });
  const second = await log('site', 'operations', site('b'), '--evidence', minutes, '--salted');
  assert.equal(second.payload.evidence, first.payload.evidence);
  vendor.file('minutes.txt.salt', 'something else');
  const again = ['submit', 'site', '--file', vendor.file('c.yaml', site('c')), '--evidence', minutes, '--salted'];
  assert.match(await ends(2, ...again, ...by('operations')), /minutes\.txt\.salt has 14 bytes and is no salt/);
});

test('everything personal or secret is listed, by field, before anything is signed or sent', async () => {
  const file = vendor.file(
    'personal.yaml',
    `event: declare
siteId: ber-1
country: DE
operator: ask Jo at jo@acme.example
facility: rack 3, 192.0.2.77
extra: {nested: ["password: hunter22"]}
`,
  );
  const evidence = ['--evidence', kdb, '--location', 'https://jo:hunter22@acme.example/kdb.cab'];
  const flags = ['--note', 'token ghp_abcdefghijklmnopqrstuvwxyz0123456789', ...evidence];
  const nowhere = ['--url', 'http://127.0.0.1:9', '--vkey', vendor.vkey, '--key', vendor.path('no-such-key.pem')];
  const said = await ends(3, 'submit', 'site', '--file', file, ...flags, '--issuer', 'acme', ...nowhere);
  const [before, listed = ''] = said.split('limmat: personal-data: ');
  assert.match(before as string, /a site has no extra, extra\.nested that is known|a site has no extra that is known/);
  const lines = listed.trim().split('\n').sort();
  assert.equal(lines, [
    'What is logged stays for ever: take it out, or keep it in a document that goes in as evidence, salted',
    'evidence.location looks like it holds a user name with a password',
    'extra.nested[0] looks like it holds a password',
    'facility looks like it holds an IP address',
    'note looks like it holds an access token',
    'operator looks like it holds an e-mail address',
  ]);
  assert.not.match(said, /hunter22|ghp_|jo@/, 'and what was found is not repeated');
  const purl = ['--package-url', 'pkg:generic/kdb@2?download_url=https://jo:hunter22@acme.example/'];
  assert.match(
    await ends(3, 'submit', 'build', ...vendor.buildFlags('2', [kdb]), ...vendor.target, ...purl),
    /personal-data: subject looks like it holds a user name with a password/,
  );
});

test('what cannot be is said before the log is asked, and what the log refuses after', async () => {
  const yaml = (text: string) => ['--file', vendor.file('e.yaml', text)];
  const submit = (kind: string, ...args: string[]) => ['submit', kind, ...args, ...by('operations')];
  assert.match(await ends(2, ...submit('correction', '--ref', '0', '--ref', '1')), /a correction is about one entry/);
  assert.match(await ends(2, ...submit('correction', '--ref', '4000')), /there is no entry 4000 yet/);
  assert.match(await ends(2, ...submit('site', '--ref', 'first')), /"first" is not a decimal integer/);
  assert.match(await ends(3, ...submit('site', ...yaml('event: open\nsiteId: x\n'))), /schema: /);
  assert.match(await ends(2, ...submit('site', ...yaml('- a\n- b\n'))), /is not a map of names to values/);
  const offline = ['submit', 'withdrawal', '--ref', '7', '--key', vendor.key('build'), '--issuer', 'acme'];
  assert.match(await ends(2, ...offline), /the reference to entry 7 has no leafHash: give --url and --vkey/);
  assert.match(await ends(2, 'submit', 'heartbeat'), /unknown command/);
  const twice = await ends(3, ...submit('process', ...yaml(`${PROCESS}note: again\n`)));
  assert.match(twice, /^limmat: (?:taken|transition): [^\n]+\nNext: /);
  const site = yaml('event: declare\nsiteId: x\ncountry: CH\noperator: AG\n');
  const elsewhere = ['--audience', 'log.example/other'];
  assert.match(
    await ends(3, ...submit('site', ...site, ...elsewhere)),
    /^limmat: audience: [^\n]+\nNext: give the origin/,
  );
});

test('a field that is misspelt is told, since the log would keep and ignore it', async () => {
  const file = vendor.file('typo.yaml', 'event: declare\nsiteId: d\ncountry: CH\noperator: AG\nfacilty: hall 2\n');
  const said = await endsIn(vendor.root, 0, 'submit', 'site', '--file', file, ...by('operations'));
  assert.match(said, /a site has no facilty that is known; it is kept, and nobody reads it/);
});

test('the draft of a statement is a file that sign takes, in JSON too', async () => {
  const site = 'event: declare\nsiteId: draft-1\ncountry: CH\noperator: AG\n';
  const header = `$statement: {kind: site, issuer: acme, subject: "site:draft-1", audience: ${ORIGIN}}\n`;
  const draft = vendor.file('draft.yaml', header + site);
  const out = vendor.path('draft.cose');
  await run('sign', 'site', '--file', draft, '--key', vendor.key('operations'), '--out', out);
  const said = await run('submit', 'statement', out, ...vendor.target);
  assert.is((said.statement as Logged).subject, 'site:draft-1');
});

test('the log replays', async () => {
  assert.equal((await run('fsck', ...vendor.target)).findings, []);
  assert.is(await vendor.server.end('SIGTERM'), 0, vendor.server.stderr());
});

test.run();
