import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { limmat } from '../flow/server.ts';
import { ends, ORIGIN, run, Vendor } from './world.ts';

// Each event in the life of a key by its own command, and what is said to those who call it wrongly.

const vendor = await Vendor.begin();
const root = ['--key', vendor.key('root'), '--issuer', 'acme'];
const kids = new Map([['build-1', vendor.kids.get('build') as string]]);
const named = (keyId: string) => `${keyId}:${kids.get(keyId)}`;

/** Logs an event about a key, and answers the payload that was logged. */
async function event(name: string, keyId: string, ...flags: string[]): Promise<Record<string, unknown>> {
  const proof = vendor.path(`${name}-${keyId}.tlog-proof`);
  const said = await run('key', name, named(keyId), ...root, ...vendor.target, '--proof', proof, ...flags);
  assert.ok(existsSync(proof));
  const { kind, subject, audience, payload } = said.statement as Record<string, unknown>;
  assert.equal([kind, subject, audience], ['key', `key:${kids.get(keyId)}`, ORIGIN]);
  // One root is enough for a suspension; the log would refuse to have it approved.
  assert.is(said.next === undefined, name === 'suspend', `${name}: ${said.next}`);
  return payload as Record<string, unknown>;
}

/** Makes a key, enrols and activates it. */
async function newKey(keyId: string): Promise<void> {
  const { kid } = await run('keygen', '--out', vendor.key(keyId));
  kids.set(keyId, kid as string);
  const flags = ['--purpose', 'build', '--key-id', keyId, '--not-after', '2099-01-01T00:00:00Z', '--site', 'zrh-1'];
  const more = ['--protection', 'smart card', '--proof', vendor.path('enroll.tlog-proof')];
  const said = await run('key', 'enroll', vendor.key(keyId), ...flags, ...more, ...root, ...vendor.target);
  const { payload } = said.statement as { payload: Record<string, unknown> };
  assert.is(payload.site, 'zrh-1');
  assert.is(payload.protection, 'smart card');
  assert.is(payload.notAfter, '2099-01-01T00:00:00Z');
  assert.equal(await event('activate', keyId), { event: 'activate', keyId });
}

test('a key is named by its own file, private or public, once it is enrolled', async () => {
  const { pem } = await run('keygen', '--out', vendor.key('named'), '--algorithm', 'mldsa44');
  const files = [vendor.key('named'), vendor.file('named.pub', pem as string)];
  const by = (file: string, ...target: string[]) => ['key', 'activate', file, ...root, ...target];
  assert.match(
    await ends(2, ...by(files[0] as string)),
    /the enrolment of the key in .*named\.pem is looked up: give --url/,
  );
  assert.match(
    await ends(2, ...by(files[1] as string, ...vendor.target)),
    /knows no key .*: it begins with `limmat key enroll`/,
  );
  const flags = ['--purpose', 'build', '--key-id', 'named', '--proof', vendor.path('named.tlog-proof')];
  await run('key', 'enroll', files[0] as string, ...flags, ...root, ...vendor.target);
  for (const file of files) {
    const draft = `${file}.yaml`;
    await run(...by(file, ...vendor.target), '--draft', draft);
    assert.match(readFileSync(draft, 'utf8'), /event: activate\nkeyId: named\n/);
  }
});

test('enroll and activate, with all that can be said of a key', async () => {
  await newKey('build-2');
  await newKey('build-3');
});

test('supersede, suspend, resume, retire, revoke, compromise, destroy: each is logged as it was said', async () => {
  const overlap = ['--successor', 'build-2', '--overlap-until', '2098-01-01T00:00:00Z'];
  assert.is((await event('supersede', 'build-1', ...overlap)).successor, 'build-2');
  // These two can happen again in the same words, so they say when.
  for (const [name, flags] of [
    ['suspend', ['--reason', 'a token was left on a desk']],
    ['resume', ['--note', 'it was found']],
  ] as const)
    assert.match((await event(name, 'build-2', ...flags)).at as string, /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.is((await event('retire', 'build-1', '--at', '2018-11-13T00:00:00Z')).at, '2018-11-13T00:00:00Z');
  assert.is((await event('revoke', 'build-3', '--reason', 'cessationOfOperation')).reason, 'cessationOfOperation');
  assert.is((await event('compromise', 'build-2', '--reason', 'found on a forum', '--since', '9')).since, 9);
  const record = vendor.file('shredder.pdf', '%PDF-1.7 the record of a ceremony');
  const gone = await event('destroy', 'build-1', '--method', 'shredded', '--evidence', record, '--retrospective');
  assert.is((gone.evidence as Record<string, unknown>).mediaType, 'application/pdf');
  assert.is(gone.retrospective, true);
});

test('a key reports its own compromise with nothing but itself', async () => {
  const flags = ['--key', vendor.key('build-3'), '--issuer', 'acme', '--reason', 'somebody else has me'];
  const proof = vendor.path('own.tlog-proof');
  await run('key', 'compromise', named('build-3'), ...flags, ...vendor.target, '--proof', proof);
});

test('a flag that is missing or cannot be is named before anything is signed', async () => {
  const cases: [string[], RegExp][] = [
    [['suspend', named('build-2')], /--reason is missing/],
    [['supersede', named('build-2')], /--successor is missing/],
    [['revoke', named('build-2'), '--reason', 'lost'], /Allowed choices are unspecified, affiliationChanged/],
    [['compromise', named('build-2'), '--reason', 'x', '--since', 'monday'], /--since takes the index of an entry/],
    [['destroy', named('build-2'), '--method', 'shredded'], /--evidence is missing: the record of the destruction/],
    [['activate', 'build-2'], /there is no file build-2/],
    [['activate', '7'], /the key is named by its enrolment at 7: give --url and --vkey/],
    [['activate', '6', ...vendor.target], /entry 6 is a site and enrols no key: give the index/],
    [['enroll', vendor.key('build-2')], /--audience is missing/],
    [['activate', named('build-2'), '--draft', 'a', '--out', 'b', '--audience', ORIGIN], /give one of them/],
    [['activate', named('build-2'), '--draft', 'a'], /--audience is missing: the origin of the log/],
    [['activate', named('build-2'), '--audience', ORIGIN, '--salted'], /say how --evidence FILE is/],
  ];
  for (const [args, says] of cases) assert.match(await ends(2, 'key', ...args, ...root), says);
  assert.match(await ends(2, 'key', 'activate', named('build-2'), '--audience', ORIGIN, ...root), /--vkey is missing/);
});

test('what the log refuses comes back with its rule and the next step', async () => {
  const cases: [string[], RegExp][] = [
    [
      ['activate', named('build-2'), ...root, '--note', 'again'],
      /^limmat: transition: .*compromised\nNext: look up the state/,
    ],
    [['retire', `build-9:${'0'.repeat(64)}`, ...root], /^limmat: key-unknown: [^\n]+\nNext: .*`limmat key enroll`/],
    [
      ['resume', named('build-1'), '--key', vendor.key('operations'), '--issuer', 'acme'],
      /^limmat: root-only: [^\n]+\nNext: give a root key/,
    ],
    [
      ['enroll', vendor.key('build-3'), '--purpose', 'build', '--key-id', 'build-4', ...root],
      /^limmat: taken: [^\n]+\nNext: .*`limmat keygen`/,
    ],
    [
      ['resume', named('build-1'), ...root, '--audience', 'log.example/other'],
      /^limmat: audience: [^\n]+\nNext: .*--audience/,
    ],
  ];
  for (const [args, says] of cases) assert.match(await ends(3, 'key', ...args, ...vendor.target), says);
  const { stderr } = await limmat('key', 'resume', named('build-2'), ...root, ...vendor.target, '--json');
  assert.is((JSON.parse(stderr) as { error: { rule: string } }).error.rule, 'transition');
});

test('the small file of a new key: what it signed stands, and a change to it is found', async () => {
  await run('keygen', '--out', vendor.key('build-5'), '--algorithm', 'mldsa44');
  const file = vendor.path('build-5.json');
  const who = ['--audience', ORIGIN, '--issuer', 'acme', '--purpose', 'build', '--key-id', 'build-5'];
  await run('key', 'prove', '--key', vendor.key('build-5'), ...who, '--out', file);
  const enroll = (path: string, ...more: string[]) => [
    'key',
    'enroll',
    path,
    ...more,
    '--draft',
    vendor.path('5.json'),
  ];
  const other = /the key has signed that its keyId is build-5, not build-6: run `limmat key prove` again/;
  assert.match(await ends(2, ...enroll(file, '--key-id', 'build-6')), other);
  assert.match(
    await ends(2, ...enroll(file, '--audience', 'log.example/other')),
    /its origin is log\.example\/cli, not/,
  );
  const changed = vendor.file('changed.json', readFileSync(file, 'utf8').replace('"build"', '"rebuild"'));
  assert.match(await ends(1, ...enroll(changed)), /the key has not signed that it is build-5 of acme for rebuild/);
  const half = vendor.file('half.json', '{"keyId": "build-5"}');
  assert.match(await ends(2, ...enroll(half)), /is not what `limmat key prove` writes: it has no origin, organisation/);
  assert.not.ok(existsSync(vendor.path('5.json')));
  await run(...enroll(file));
  const draft = JSON.parse(readFileSync(vendor.path('5.json'), 'utf8')) as Record<string, Record<string, string>>;
  assert.is(draft.$statement?.issuer, 'acme');
  // A draft is for its kind, and says nothing that is not known.
  const sign = ['sign', 'site', '--file', vendor.path('5.json'), ...root, '--out', vendor.path('5.cose')];
  assert.match(await ends(2, ...sign), /is the draft of a key, not of a site/);
  writeFileSync(vendor.path('6.json'), JSON.stringify({ ...draft, $statement: { isuer: 'acme' } }));
  assert.match(await ends(2, 'sign', 'key', '--file', vendor.path('6.json'), ...root), /\$statement\.isuer is none of/);
});

test('the log replays', async () => {
  assert.equal((await run('fsck', ...vendor.target)).findings, []);
  assert.is(await vendor.server.end('SIGTERM'), 0, vendor.server.stderr());
});

test.run();
