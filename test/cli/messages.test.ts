import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sentenceOf } from '../../src/cli/exit.ts';
import { visible } from '../../src/cli/print.ts';
import { folder } from '../folder.ts';
import { ends, opaqueLog, run } from './world.ts';

// What cannot be used is named, by its file or its option, in a sentence that says what to do instead.

const root = folder();
const text = join(root, 'text.txt');
writeFileSync(text, 'neither a key nor a vkey\n', { mode: 0o600 });
const data = await opaqueLog();
const vkey = ['--vkey', `${data}/log.vkey`];
const key = join(root, 'key.pem');
await run('keygen', '--out', key);

const prove = (file: string) => {
  const said = ['--out', join(root, 'p'), '--purpose', 'build', '--key-id', 'k', '--issuer', 'a'];
  return ['key', 'prove', '--key', file, ...said, ...vkey];
};

const CASES: [string, string[], RegExp][] = [
  ['a folder as an input', ['inspect', root], /limmat-\S+ is a folder: name a file in it$/m],
  [
    'a folder as an artifact',
    ['verdict', '--artifact', root, '--url', 'http://a', ...vkey],
    /is a folder: name a file/,
  ],
  ['vkeys that are none', ['fsck', '--data', data, '--vkey', text], /text\.txt: .*; a file of vkeys has one a line/],
  [
    'a key that is none',
    prove(text),
    /text\.txt has no PRIVATE KEY in PEM form: name a key file as `limmat keygen` writes it/,
  ],
  ['a folder in place of a key', prove(root), /is a folder, and no key file: name the file in it/],
  ['where to listen', ['serve', '--data', data, '--listen', 'foo'], /--listen takes HOST:PORT, such as .*, not "foo"/],
  [
    'a copy that is a file',
    ['serve', '--data', data, '--export', text],
    /--export takes a folder, .*text\.txt is a file/,
  ],
  ['a copy that is nowhere', ['mirror', '--data', data, '--url', 'foo', ...vkey], /--url is an http or https URL/],
];
for (const name of [
  'proof --index 0',
  'verdict --digest sha256:00',
  'fsck',
  'replay',
  'trust bundle --out x',
  'approve --index 1',
]) {
  const args = [...name.split(' '), '--url', 'localhost:8080', ...vkey];
  CASES.push([
    `a URL without a scheme: ${name}`,
    args,
    /--url is an http or https URL such as .*, not "localhost:8080"/,
  ]);
}

for (const [name, args, says] of CASES) {
  test(name, async () => {
    const said = await ends(2, ...args);
    assert.match(said, says);
    assert.not.match(said, /\b(?:ENOENT|EISDIR|EACCES)\b/);
  });
}

test('a file that may not be read, and an error that is not about one', () => {
  const error = (path?: string) => Object.assign(new Error('EACCES: no'), { code: 'EACCES', syscall: 'open', path });
  assert.match(sentenceOf(error('/x')), /^\/x: this user may not: change its owner or its mode/);
  assert.is(sentenceOf(error()), 'EACCES: no');
  assert.is(sentenceOf(new Error('a bug')), 'a bug');
});

test('a text that begins with a byte order mark is named, whatever reads it', async () => {
  const marked = join(root, 'marked.txt');
  const says = /marked\.txt: it begins with a byte order mark \(EF BB BF\): save it as UTF-8 without one$/m;
  writeFileSync(marked, '\ufeff{"format": "limmat-trust/v1"}\n');
  for (const command of [
    ['verify', text, '--trust', marked],
    ['verify', text, '--policy', marked],
    ['verify', text, '--vkey', marked],
    ['verify-evidence', marked, ...vkey],
    ['approve', '--proposal', marked, ...vkey],
    ['guard', 'rebuild', '--data', data, '--head', marked],
    ['serve', '--data', data, '--listen', '127.0.0.1:0', '--policy', marked],
    ['gate', text, '--url', 'http://127.0.0.1:1', '--trust', marked],
  ]) {
    assert.match(await ends(2, ...command), says, command.join(' '));
  }
  assert.match(await ends(1, 'verify', marked, ...vkey), /begins with a byte order mark/);
  assert.match(await ends(2, 'inspect', marked), /begins with a byte order mark/);
});

test('YAML and JSON that become something else are read with a byte order mark too, as YAML allows it', async () => {
  const site = { event: 'declare', siteId: 'zrh-1', country: 'CH', operator: 'Colocation AG' };
  const made = [];
  for (const [i, before] of ['', '\ufeff'].entries()) {
    const [file, out] = [join(root, `${i}.json`), join(root, `${i}.cose`)];
    writeFileSync(file, before + JSON.stringify(site));
    const flags = ['--key', key, '--issuer', 'a', '--audience', 'log.example/x', '--out', out];
    made.push((await run('sign', 'site', '--file', file, ...flags)).entryId);
  }
  assert.is(made[0], made[1], 'the same is signed');
});

test('what a file says does not write on the terminal of whoever checks it', async () => {
  const spoof = join(root, 'spoof.json');
  writeFileSync(
    spoof,
    '{"format":"limmat-bundle/v1","proof":"x","\\u001b[1G\\u001b[Kverified  true\\u001b[8m\\u202e":1}',
  );
  const said = await ends(1, 'verify', spoof, ...vkey);
  assert.match(said, 'limmat: a bundle has no member "\\u{1b}[1G\\u{1b}[Kverified  true\\u{1b}[8m\\u{202e}"');
  const lines = 'one\n\u001b]0;title\u0007 \u009b2J Zürich \t שלום \u2067';
  assert.is(visible(lines), 'one\n\\u{1b}]0;title\\u{7} \\u{9b}2J Zürich \\u{9} שלום \\u{2067}');
});

test('YAML that is not UTF-8 is refused, and not signed with other characters in the place of its own', async () => {
  const file = join(root, 'latin1.yaml');
  writeFileSync(file, 'event: declare\nsiteId: zrh-1\ncountry: CH\noperator: Zürich AG\n', 'latin1');
  const flags = ['--key', key, '--issuer', 'a', '--audience', 'log.example/x', '--out', join(root, 'latin1.cose')];
  const said = await ends(2, 'sign', 'site', '--file', file, ...flags);
  assert.match(said, /cannot read .*latin1\.yaml: text is not valid UTF-8/);
});

test('a private key is taken for one behind a byte order mark too', async () => {
  const marked = join(root, 'marked.pem');
  writeFileSync(marked, `\ufeff${readFileSync(key, 'utf8')}`, { mode: 0o600 });
  const who = ['--issuer', 'a', '--audience', 'log.example/x', '--purpose', 'build', '--key-id', 'k'];
  await run('key', 'enroll', marked, ...who, '--key', key, '--out', join(root, 'enroll.cose'));
});

test('a seed that is damaged is named', async () => {
  for (const damaged of ['x'.repeat(64), 'ab'.repeat(31), '']) {
    const other = await opaqueLog();
    writeFileSync(`${other}/seed`, damaged);
    const said = await ends(2, 'serve', '--data', other, '--listen', '127.0.0.1:0');
    assert.match(said, /log\/seed is no seed, or is damaged: it has 64 hexadecimal digits; restore it/);
  }
});

test.run();
