import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { limmatIn, type Server, serve } from '../flow/server.ts';
import { folder } from '../folder.ts';
import { ends, ORIGIN, run } from './world.ts';

// A two-of-three ceremony: each root in a folder that never reaches the log, the build key in a third, and a machine
// that submits and holds no key at all. Files are carried by hand from one to the other.

const home = folder();
const place = (name: string): string => {
  mkdirSync(join(home, name), { recursive: true });
  return join(home, name);
};
const [alpha, beta, builder, courier] = ['alpha', 'beta', 'builder', 'courier'].map(place) as [
  string,
  string,
  string,
  string,
];
const carry = (from: string, to: string, name: string) => writeFileSync(join(to, name), readFileSync(join(from, name)));

let server: Server;
let target: string[];

/** Runs a command in a folder; answers what `--json` prints. */
async function at(cwd: string, ...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await limmatIn({ cwd }, ...args, '--json');
  assert.is(code, 0, `limmat ${args.join(' ')}: ${stderr}${stdout}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Submits a statement that came here, and carries its proof to where it is needed. */
async function submitted(from: string, name: string, ...to: string[]): Promise<number> {
  return (await told(from, name, ...to)).entry as number;
}

/** The same, and what was told of it. */
async function told(from: string, name: string, ...to: string[]): Promise<Record<string, unknown>> {
  carry(from, courier, `${name}.cose`);
  const said = await at(courier, 'submit', 'statement', `${name}.cose`, ...target);
  assert.is(said.proof, `${name}.cose.tlog-proof`);
  for (const other of to) carry(courier, other, said.proof as string);
  return said;
}

test('before: three roots of which two must agree, in a policy that anyone can read', async () => {
  const roots = [];
  for (const [cwd, name] of [
    [alpha, 'root-1'],
    [beta, 'root-2'],
    [courier, 'root-3-which-is-lost'],
  ] as const)
    roots.push((await at(cwd, 'keygen', '--out', `${name}.pem`)).publicKey);
  const acme = { id: 'acme', name: 'Acme', role: 'vendor', rootKeys: roots, threshold: 2 };
  writeFileSync(join(courier, 'policy.json'), JSON.stringify({ organisations: [acme] }));
  await at(courier, 'init', '--data', 'log', '--origin', ORIGIN, '--policy', 'policy.json');
  server = await serve(join(courier, 'log'));
  target = ['--url', server.url, '--vkey', 'log/log.vkey'];
  for (const cwd of [alpha, beta, builder])
    writeFileSync(join(cwd, 'log.vkey'), readFileSync(join(courier, 'log/log.vkey')));
});

test('the build key says for what it is enrolled, where it lies; nothing secret leaves the folder', async () => {
  await at(builder, 'keygen', '--out', 'build.pem');
  const who = ['--vkey', 'log.vkey', '--issuer', 'acme', '--purpose', 'build', '--key-id', 'build-1'];
  const said = await at(builder, 'key', 'prove', '--key', 'build.pem', ...who, '--out', 'build-1.json');
  assert.is(said.file, 'build-1.json');
  const secret = readFileSync(join(builder, 'build.pem'), 'utf8').split('\n')[1] as string;
  assert.not.ok(readFileSync(join(builder, 'build-1.json'), 'utf8').includes(secret.slice(-20)));
});

test('enroll: drafted without a key, signed by the first root, submitted by another machine: a proposal', async () => {
  carry(builder, courier, 'build-1.json');
  const drafted = await at(courier, 'key', 'enroll', 'build-1.json', '--draft', 'enroll.yaml', '--note', 'year 2018');
  assert.match(drafted.next as string, /^limmat sign key --file enroll\.yaml --key KEY\.pem --out enroll\.cose$/);
  const draft = readFileSync(join(courier, 'enroll.yaml'), 'utf8');
  for (const line of ['issuer: acme', `audience: ${ORIGIN}`, 'event: enroll', 'keyId: build-1', 'note: year 2018'])
    assert.ok(draft.includes(line), line);
  carry(courier, alpha, 'enroll.yaml');
  const signed = await at(alpha, 'sign', 'key', '--file', 'enroll.yaml', '--key', 'root-1.pem', '--out', 'enroll.cose');
  assert.is(signed.next, 'limmat submit statement enroll.cose --url URL --vkey FILE');
  assert.is(await submitted(alpha, 'enroll', beta), 2);
});

test('approve: the second root sees in plain words what it signs for, offline and proved by the log', async () => {
  const flags = ['--proposal', 'enroll.cose.tlog-proof', '--vkey', 'log.vkey', '--key', 'root-2.pem'];
  const { approves } = await at(beta, 'approve', ...flags, '--out', 'approve-enroll.cose');
  const words = (approves as string[]).join('\n');
  assert.match(
    words,
    /^entry 2 of log\.example\/cli\nenroll: the key build-1 \(key:[0-9a-f]{64}\) is known to the log/,
  );
  assert.match(words, /purpose: build\nnote: year 2018\nacme asks for this, signed by [0-9a-f]{64}\./);
  const { entry, signatures, stillNeeded } = await told(beta, 'approve-enroll');
  assert.equal(
    [entry, signatures, stillNeeded],
    [3, ['acme: 2 of 2'], 'nothing more: by what this log shows, entry 2 is in force'],
  );
});

test('activate: the same way, the key named by the file that it came with', async () => {
  carry(builder, alpha, 'build-1.json');
  await at(alpha, 'key', 'activate', 'build-1.json', '--key', 'root-1.pem', '--out', 'activate.cose');
  assert.is(await submitted(alpha, 'activate', beta), 4);
  const flags = ['--proposal', 'activate.cose.tlog-proof', '--vkey', 'log.vkey', '--key', 'root-2.pem'];
  await at(beta, 'approve', ...flags, '--out', 'approve-activate.cose');
  assert.is(await submitted(beta, 'approve-activate'), 5);
});

test('what does not fit is refused with what to do next', async () => {
  const again = ['--proposal', 'activate.cose.tlog-proof', '--vkey', 'log.vkey', '--key', 'root-2.pem', '--note', 'x'];
  await at(beta, 'approve', ...again, '--out', 'again.cose');
  carry(beta, courier, 'again.cose');
  const refused = await limmatIn({ cwd: courier }, 'submit', 'statement', 'again.cose', ...target);
  assert.is(refused.code, 3);
  assert.match(
    refused.stderr,
    /^limmat: approval: the proposal at entry 4 took effect at entry 5\nNext: .*another root key/,
  );
  const none = await limmatIn({ cwd: beta }, 'approve', '--vkey', 'log.vkey');
  assert.match(none.stderr, /approve takes one of --index N and --proposal FILE/);
  const genesis = ['approve', '--index', '1', ...target, '--draft', 'never.json'];
  assert.match(
    (await limmatIn({ cwd: courier }, ...genesis)).stderr,
    /entry 1 is a heartbeat: key events and policies/,
  );
  const changed = readFileSync(join(beta, 'activate.cose.tlog-proof'), 'utf8').replace('index 4', 'index 3');
  writeFileSync(join(beta, 'changed.tlog-proof'), changed);
  const flags = ['approve', '--proposal', 'changed.tlog-proof', '--vkey', 'log.vkey', '--draft', 'never.json'];
  assert.is((await limmatIn({ cwd: beta }, ...flags)).code, 1, 'the log has not signed that');
});

test('approve --index reads the proposal from the log; the site key comes in by it, and declares the site', async () => {
  const keygen = await at(courier, 'keygen', '--out', 'operations.pem');
  const who = ['--issuer', 'acme', '--purpose', 'operations', '--key-id', 'operations-1'];
  carry(alpha, courier, 'root-1.pem');
  carry(beta, courier, 'root-2.pem');
  for (const name of ['root-1.pem', 'root-2.pem', 'operations.pem']) chmodSync(join(courier, name), 0o600);
  const root = ['--key', 'root-1.pem', ...target];
  // On one machine the new key proves itself at once.
  const { entry, next } = await at(courier, 'key', 'enroll', 'operations.pem', ...who, ...root);
  assert.match(next as string, new RegExp(`limmat approve --index ${entry} --key OTHER-ROOT\\.pem`));
  const approve = (index: unknown) =>
    at(courier, 'approve', '--index', String(index), '--key', 'root-2.pem', ...target);
  const approval = await approve(entry);
  assert.match((approval.approves as string[])[1] as string, /^enroll: the key operations-1/);
  assert.is(approval.proof, `approval-${approval.entry}.tlog-proof`);
  // Named by its enrolment, and by name and kid.
  const activated = await at(courier, 'key', 'activate', String(entry), ...root);
  assert.is(((activated.statement as Record<string, unknown>).subject as string).slice(4), keygen.kid);
  await approve(activated.entry);
  writeFileSync(join(courier, 'site.yaml'), 'event: declare\nsiteId: zrh-1\ncountry: CH\noperator: Colocation AG\n');
  const site = ['submit', 'site', '--file', 'site.yaml', '--key', 'operations.pem', '--issuer', 'acme'];
  const { statement } = await at(courier, ...site, ...target);
  assert.is((statement as Record<string, unknown>).audience, ORIGIN);
});

test('each approval says what is missing: of a policy, those whose threshold it changes; then of a key, by that', async () => {
  const ask = async (question: string) => (await fetch(`${server.url}/v1/${question}`)).json();
  type Policies = { rows: [{ statement: { organisations: { id: string }[] } }] };
  const { organisations, ...policy } = ((await ask('entries?kind=policy')) as Policies).rows[0].statement;
  const changed = organisations.map((one) => (one.id === 'acme' ? { ...one, threshold: 3 } : one));
  writeFileSync(join(courier, 'second.json'), JSON.stringify({ ...policy, version: 2, organisations: changed }));
  const operator = ['--key', 'log/operator-key.pem', '--issuer', 'operator'];
  const { entry: index } = await at(courier, 'submit', 'policy', '--file', 'second.json', ...operator, ...target);
  const approve = async (of: unknown, root: string) => {
    const who = ['--key', `${root}.pem`, '--issuer', 'acme', ...target];
    const { signatures, stillNeeded } = await at(courier, 'approve', '--index', String(of), ...who);
    return [signatures, stillNeeded];
  };
  const more = (of: unknown) => `1 more: limmat approve --index ${of} --key OTHER-ROOT.pem`;
  assert.equal(await approve(index, 'root-1'), [['operator: 1 of 1', 'acme: 1 of 2'], more(index)]);
  assert.equal(await approve(index, 'root-2'), [
    ['operator: 1 of 1', 'acme: 2 of 2'],
    `nothing more: by what this log shows, entry ${index} is in force`,
  ]);
  const root = ['--key', 'root-1.pem', ...target];
  type Keys = { keys: { keyId: string; history: [{ by: number[] }] }[] };
  const { keys } = (await ask('keys')) as Keys;
  const [enrolled] = keys.find(({ keyId }) => keyId === 'acme/operations-1')?.history[0].by ?? [];
  const { entry: retired } = await at(courier, 'key', 'retire', String(enrolled), ...root);
  assert.equal(await approve(retired, 'root-2'), [['acme: 2 of 3'], more(retired)]);
});

test('in the end the key signs a build, and the proof verifies where the build was made', async () => {
  writeFileSync(join(builder, 'kdb.cab'), 'a build');
  const what = ['--product', 'kdb', '--product-version', '1', '--artifact', 'kdb.cab', '--site', 'zrh-1'];
  const who = ['--key', 'build.pem', '--issuer', 'acme', '--builder', 'https://acme.example/b'];
  await at(builder, 'submit', 'build', ...what, ...who, '--url', server.url, '--vkey', 'log.vkey');
  const verified = await at(builder, 'verify', 'kdb-1.tlog-proof', '--vkey', 'log.vkey', '--artifact', 'kdb.cab');
  assert.is(verified.artifact, 'kdb.cab');
});

test('the whole log replays, and the server stops', async () => {
  assert.equal((await run('fsck', '--url', server.url, '--vkey', join(courier, 'log/log.vkey'))).findings, []);
  assert.is(await server.end('SIGTERM'), 0, server.stderr());
  assert.match(
    await ends(2, 'key', 'activate', join(builder, 'build.pem')),
    /the enrolment of the key in .*build\.pem is looked up: give --url and --vkey/,
  );
});

test.run();
