import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Cbor } from '../../src/core/cbor.ts';
import { payloadOf } from '../../src/registry/payload.ts';
import { findPersonal, lookAt } from '../../src/registry/privacy.ts';
import { BUILD, map } from './world.ts';

const found: [what: string, text: string][] = [
  ['an e-mail address', 'ask jan.muster@acme.example about it'],
  ['an e-mail address', '<a+b@mail.co.uk>'],
  ['an e-mail address', 'jürgen@müller.ch'],
  ['an IP address', 'moved from 10.0.0.1 to the new hall'],
  ['an IP address', 'it was 192.168.1.254.'],
  ['an IP address', '255.255.255.255'],
  ['an IP address', '2001:db8::8a2e:370:7334'],
  ['an IP address', 'see fe80::1, port 22'],
  ['an IP address', '[2001:0db8:85a3:0000:0000:8a2e:0370:7334]:443'],
  ['a private key', '-----BEGIN PRIVATE KEY----- MC4CAQAwBQYDK2Vw'],
  ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----'],
  ['a private key', 'AGE-SECRET-KEY-1QQQ'],
  ['a JSON web token', `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.${'x'.repeat(43)}`],
  ['a JSON web token', `tok-eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.`],
  ['an access token', `ghp_${'a1B2'.repeat(9)}`],
  ['an access token', `github_pat_${'a1B2'.repeat(9)}`],
  ['an access token', `glpat-${'a1B2'.repeat(5)}`],
  ['an access token', `npm_${'a1B2'.repeat(9)}`],
  ['an access token', 'AKIAIOSFODNN7EXAMPLE'],
  ['an access token', 'xoxb-123456789012-abcdef'],
  ['an access token', 'Authorization: Bearer abcdef0123456789abcdef'],
  ['a password', 'the password: hunter22'],
  ['a password', 'api_key=0123abcd'],
  ['a user name with a password', 'https://ci:s3cret@git/avdb'],
];

const clean = [
  'Build 2018.12.31.14, rules 10.0.0, engine 20.1',
  'version 1.2.3.4.5 of the format',
  '1234.5.6.7',
  '300.300.300.300',
  'at 12:30:45 the switch to site zrh-1',
  'from 2018-11-13T00:00:00Z on',
  'std::vector and a::b, Foo::Bar',
  'ratio 16:9, 1:2:3',
  'SHA-256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  'the ceremony took place in Zürich @ noon',
  'npm_config was unset',
  'the public key was shown: -----BEGIN PUBLIC KEY-----',
  'no password was needed',
  'user@host without a domain',
  'Bearer of the key: holder 3 of 5',
  'https://git.acme.example:8443/avdb',
];

for (const [what, text] of found) {
  test(`${what}: ${text.slice(0, 40)}`, () => {
    assert.equal([...lookAt(text, 'prose')], [what]);
  });
}

test('what is no such thing is left alone', () => {
  for (const text of clean) assert.equal([...lookAt(text, 'prose')], [], text);
});

test('a text that is made to be slow is read in time: a stranger may send one', () => {
  const n = 500_000; // what takes the square of it would take longer than a test may
  const token = 'eyJhbGciOiJIUzI1NiJ9';
  for (const text of [
    'eyJ-'.repeat(n),
    `${token}.`.repeat(n / 10).replaceAll('.', '-'),
    `${'x'.repeat(64)}@${'a.'.repeat(n)}`,
    'a@'.repeat(n),
    'bearer '.repeat(n),
    `password${' '.repeat(n)}`,
    'secret '.repeat(n),
    '//a:'.repeat(n),
    '1.'.repeat(n),
    'a:'.repeat(n),
    'xoxb-'.repeat(n),
  ]) {
    lookAt(text, 'prose');
  }
  assert.equal([...lookAt(`${'eyJ-'.repeat(n)}.${token}.`, 'prose')], ['a JSON web token']);
});

test('in URIs only secrets are looked for', () => {
  assert.equal([...lookAt('git+ssh://git@git.acme.example/avdb', 'uri')], []);
  assert.equal([...lookAt('https://10.0.0.1/x', 'uri')], []);
  assert.equal(
    [...lookAt(`https://x:ghp_${'a'.repeat(36)}@github.com/a/b`, 'uri')],
    ['an access token', 'a user name with a password'],
  );
});

test('only fields that people write are watched, by their paths', () => {
  const findings = (more: object) => findPersonal('build', payloadOf('build', { ...BUILD, ...more }));
  const [artifact] = BUILD.artifacts;
  assert.equal(findings({}), []);
  assert.equal(findings({ version: '10.0.0.1', product: 'a@b.example' }), [], 'a version is no address');
  assert.equal(findings({ artifacts: [{ ...artifact, name: '10.0.0.1.cab' }] }), []);
  assert.equal(findings({ note: 'from 10.0.0.1 by a@b.example' }), [
    { path: 'note', what: 'an e-mail address' },
    { path: 'note', what: 'an IP address' },
  ]);
  assert.equal(
    findings({ source: [{ uri: 'https://ci:pass@a.example', digests: { gitCommit: new Uint8Array(20) } }] }),
    [{ path: 'source[0].uri', what: 'a user name with a password' }],
  );
  assert.equal(findings({ builtBy: [{ login: 'jan@acme.example' }] }), [
    { path: 'builtBy[0].login', what: 'an e-mail address' },
  ]);
});

test('names of operators and reasons are watched too', () => {
  const site = (more: Record<string, Cbor>) =>
    findPersonal('site', map({ event: 'declare', siteId: 'a', country: 'CH', operator: 'NTS', ...more }));
  assert.equal(site({}), []);
  assert.equal(
    site({ operator: 'jan@nts.example', facility: 'hall at 10.1.2.3' })
      .map(({ path }) => path)
      .sort(),
    ['facility', 'operator'],
  );
  const suspend = payloadOf('key', { event: 'suspend', keyId: 'k', reason: 'seen at 10.1.2.3' });
  assert.equal(findPersonal('key', suspend), [{ path: 'reason', what: 'an IP address' }]);
});

test('a finding does not repeat what it found', () => {
  const [finding] = findPersonal(
    'heartbeat',
    payloadOf('heartbeat', { at: '2018-11-13T00:00:00Z', note: 'a@b.example' }),
  );
  assert.not.match(JSON.stringify(finding), /b\.example/);
});

test('long and hostile text takes no time', () => {
  const started = performance.now();
  for (const text of [
    'a'.repeat(60_000),
    'a.'.repeat(30_000),
    ':'.repeat(60_000),
    '1.'.repeat(30_000),
    `@${'a-'.repeat(30_000)}`,
    '//a'.repeat(20_000),
  ]) {
    lookAt(text, 'prose');
  }
  assert.ok(performance.now() - started < 2000, `${performance.now() - started} ms`);
});

test.run();
