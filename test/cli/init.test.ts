import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseVkeys } from '../../src/core/note.ts';
import { limmat } from '../flow/server.ts';
import { folder } from '../folder.ts';
import { ends, ORIGIN, run } from './world.ts';

const mode = (path: string) => statSync(path).mode & 0o777;
const init = (data: string, ...more: string[]) => ['init', '--data', data, '--origin', ORIGIN, ...more];

test('init makes the parts of a log, secrets readable by their owner alone', async () => {
  const data = join(folder(), 'log');
  const { code, stdout } = await limmat(...init(data));
  assert.is(code, 0);
  assert.equal(readdirSync(data).sort(), ['log.db', 'log.vkey', 'operator-key.pem', 'seed']);
  assert.is(mode(data), 0o700);
  assert.is(mode(`${data}/seed`), 0o600);
  assert.is(mode(`${data}/operator-key.pem`), 0o600);
  assert.ok(existsSync(`${data}.guard`));
  const vkeys = readFileSync(`${data}/log.vkey`, 'utf8');
  assert.equal(
    parseVkeys(vkeys).map(({ name, type }) => [name, type]),
    [
      [ORIGIN, 1],
      [ORIGIN, 6],
    ],
  );
  assert.is(vkeys.trim().split('\n').length, 2, 'one a line');
  for (const said of [`Move ${data}/operator-key.pem off this machine`, `Keep ${data}/seed secret`, 'limmat serve'])
    assert.ok(stdout.includes(said), said);
  assert.not.match(stdout, new RegExp(readFileSync(`${data}/seed`, 'utf8').trim()), 'the seed is not shown');
});

test('init says with --json what it made; the leaf hash of the first policy is what people pin', async () => {
  const data = join(folder(), 'log');
  const made = await run(...init(data));
  assert.is(made.origin, ORIGIN);
  assert.is(made.operatorKey, `${data}/operator-key.pem`);
  assert.is((made.vkeys as string[]).join('\n'), readFileSync(`${data}/log.vkey`, 'utf8').trim());
  assert.match(made.genesis as string, /^[0-9a-f]{64}$/);
  assert.is((await run('fsck', '--data', data)).size, 2, 'a policy and a heartbeat');
});

test('init never overwrites: neither the log nor any part of one', async () => {
  const data = join(folder(), 'log');
  await run(...init(data));
  const before = readFileSync(`${data}/seed`);
  for (const more of [[], ['--entries', 'opaque'], ['--draft'], ['--guard', `${data}.other`]]) {
    assert.match(await ends(2, ...init(data, ...more)), /exists; init never overwrites a log/);
  }
  assert.equal(readFileSync(`${data}/seed`), before);
  const guarded = join(folder(), 'log');
  writeFileSync(`${guarded}.guard`, '');
  assert.match(await ends(2, ...init(guarded)), /log\.guard exists/);
  assert.not.ok(existsSync(guarded), 'and nothing was left behind');
});

test('init that cannot make or open a part of a log, witness or mirror says so, ends, and leaves the place free', async () => {
  const data = join(folder(), 'log');
  mkdirSync(`${data}.guard.lock`); // as a full disk would, where the guard lies
  assert.match(await ends(2, ...init(data)), /log\.guard\.lock: unable to open/);
  assert.equal(readdirSync(data), []);
  rmdirSync(`${data}.guard.lock`);
  await run(...init(data));
  for (const [database, ...made] of [
    ['witness.db', 'witness', 'init', '--name', 'w.example/w1'],
    ['mirror.db', 'mirror', 'init', '--name', 'm.example/m1', '--vkey', `${data}/log.vkey`],
  ] as const) {
    const other = join(folder(), 'other');
    mkdirSync(`${other}/${database}-wal`, { recursive: true });
    assert.match(await ends(2, ...made, '--data', other), database);
    assert.equal(readdirSync(other), [`${database}-wal`]);
    rmdirSync(`${other}/${database}-wal`);
    await run(...made, '--data', other);
  }
});

test('init says what is in the way: a log, a draft, or what an init that was cut off has left', async () => {
  const data = join(folder(), 'log');
  await run(...init(data));
  assert.match(await ends(2, ...init(data)), /log\.db exists; init never overwrites a log: choose another --data\n$/);
  rmSync(`${data}/log.vkey`);
  assert.match(await ends(2, ...init(data)), `if an init was cut off here and nobody uses the log, remove ${data} and`);
  const { data: drafted } = await ceremony();
  assert.match(await ends(2, ...init(drafted)), /seed exists.*: it is a draft, which --genesis FILE completes/);
});

test('init writes nothing when what it was given is not good, so that the next try works', async () => {
  const data = join(folder(), 'log');
  const policy = join(folder(), 'policy.yaml');
  writeFileSync(policy, 'organisations: [{id: acme, name: Acme, role: vendor, rootKeys: [], threshold: 1}]\n');
  assert.match(await ends(3, ...init(data, '--policy', policy)), /rootKeys/);
  writeFileSync(policy, 'organisations: [');
  assert.match(await ends(2, ...init(data, '--policy', policy)), /cannot read .*policy\.yaml/);
  writeFileSync(policy, 'witness w1 w1.example+00000000+AA http://127.0.0.1/\nquorum w1\n');
  assert.match(await ends(2, ...init(data, '--policy', policy)), /is a tlog-policy.*`limmat serve --policy`/);
  assert.match(await ends(2, 'init', '--data', data, '--origin', 'two words'), /cannot be an origin/);
  assert.match(await ends(2, 'init', '--data', data), /--origin is missing/);
  assert.match(await ends(2, ...init(data, '--guard', `${data}/guard`)), /must lie outside/);
  assert.match(await ends(2, ...init(data, '--operator-key', policy)), /chmod 600|PRIVATE KEY/);
  assert.match(await ends(2, ...init(data, '--entries', 'opaque', '--draft')), /opaque log has no policy/);
  assert.not.ok(existsSync(data));
  await run(...init(data));
});

test('an opaque log begins empty, with a signed checkpoint of size 0', async () => {
  const data = join(folder(), 'log');
  const made = await run(...init(data, '--entries', 'opaque'));
  assert.is(made.genesis, undefined);
  assert.equal(readdirSync(data).sort(), ['log.db', 'log.vkey', 'seed']);
  assert.equal(await run('fsck', '--data', data), { origin: ORIGIN, size: 0, findings: [] });
});

/** A draft and what the operator's machine has for the ceremony. */
async function ceremony(): Promise<{ root: string; data: string; draft: string; next: string }> {
  const root = folder();
  const data = join(root, 'log');
  const { publicKey } = await run('keygen', '--out', join(root, 'operator.pem'));
  const operator = { id: 'op', name: 'The Operator', role: 'operator', rootKeys: [publicKey], threshold: 1 };
  writeFileSync(join(root, 'policy.json'), JSON.stringify({ organisations: [operator] }));
  const said = await run(...init(data, '--draft', '--operator', 'op', '--policy', join(root, 'policy.json')));
  return { root, data, draft: said.draft as string, next: said.next as string };
}

test('the ceremony: a draft here, a signature on a machine without the log, and the log is complete', async () => {
  const { root, data, draft, next } = await ceremony();
  assert.equal(readdirSync(data).sort(), ['genesis.json', 'seed'], "the operator's private key is not needed here");
  assert.is(mode(`${data}/seed`), 0o600);
  assert.not.ok(existsSync(`${data}.guard`));
  // What the draft says to do next is what is done, with the names of this test.
  const signed = join(root, 'genesis.cose');
  const [sign, complete] = next
    .replaceAll('genesis.cose', signed)
    .replace('OPERATOR.pem', join(root, 'operator.pem'))
    .split('\n')
    .map((line) => line.replace('limmat ', '').split(' ')) as [string[], string[]];
  await run(...sign);
  const made = await run(...complete);
  assert.is(made.genesis, (await run('inspect', signed)).leafHash);
  assert.equal(JSON.parse(readFileSync(draft, 'utf8')), (await run('inspect', signed)).payload);
  assert.equal(await run('fsck', '--data', data), { origin: ORIGIN, size: 2, findings: [] });
  assert.match(await ends(2, ...complete), /never overwrites/);
});

test('the ceremony: a policy for another log, or signed by another key, makes no log', async () => {
  const [one, two] = [await ceremony(), await ceremony()];
  const signed = join(one.root, 'genesis.cose');
  const sign = (key: string, out: string) =>
    run('sign', 'policy', '--file', one.draft, '--issuer', 'op', '--key', key, '--audience', ORIGIN, '--out', out);
  await sign(join(one.root, 'operator.pem'), signed);
  const complete = (data: string, file: string) => init(data, '--genesis', file);
  assert.match(await ends(2, ...complete(two.data, signed)), /another origin or another log key/);
  const forged = join(one.root, 'forged.cose');
  await sign(join(two.root, 'operator.pem'), forged);
  assert.match(await ends(3, ...complete(one.data, forged)), /entry 0/);
  assert.match(await ends(2, ...complete(join(folder(), 'none'), signed)), /there is no key file/);
  await ends(2, ...complete(one.data, one.draft));
  assert.not.ok(existsSync(`${one.data}/log.db`));
  await run(...complete(one.data, signed));
});

test('a draft needs to know a root key of the operator', async () => {
  const data = join(folder(), 'log');
  assert.match(await ends(2, ...init(data, '--draft')), /root key of the operator: give --operator-key FILE/);
  assert.not.ok(existsSync(data));
});

test.run();
