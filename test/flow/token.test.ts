import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { verifyProof } from '../../src/client/offline.ts';
import { fromHex, type Hash, toHex, utf8 } from '../../src/core/bytes.ts';
import { decode } from '../../src/core/cbor.ts';
import { formatCheckpoint } from '../../src/core/checkpoint.ts';
import { type CoseKey, decodeKeySet, fromCoseKey, thumbprintOf } from '../../src/core/cosekey.ts';
import { openCheckpoint, signedMessage, toNoteSignature } from '../../src/core/cosignature.ts';
import { leafHash } from '../../src/core/hash.ts';
import { ALGORITHMS, deriveSeed, type KeyUse } from '../../src/core/logkeys.ts';
import { COSIGNATURE_MLDSA44, formatNote, parseVkey, parseVkeys, vkeyOf } from '../../src/core/note.ts';
import { decodeReceipt, verifyReceipt } from '../../src/core/receipt.ts';
import { signerOf } from '../../src/core/signature.ts';
import { readSeed } from '../../src/store/seed.ts';
import { faults } from '../check.ts';
import { ends, ORIGIN, run, Vendor } from '../cli/world.ts';
import { folder } from '../folder.ts';
import { softHsm } from '../softhsm.ts';
import { limmatIn, serve } from './server.ts';
import { until } from './until.ts';

// A log whose Ed25519 and P-256 keys are in a token, as an operator runs it: made, served, rotated, restored, checked.

const hsm = softHsm();
if (!hsm) test('skipped without SoftHSM', () => {});
else {
  const token = hsm.addToken('limmat');
  const root = folder();
  const tokenFile = join(root, 'token.yaml');
  cpSync(token.pinFile, join(root, 'pin'));
  writeFileSync(tokenFile, `module: ${token.module}\ntoken: ${token.token}\npinFile: pin\n`);
  const vendor = await Vendor.begin('ed25519', '--token', tokenFile);
  const { data } = vendor;
  const copy = join(root, 'copy');
  const start = async () => {
    vendor.server = await serve(data, '--export', copy);
  };
  const stop = async () => assert.is(await vendor.server.end('SIGTERM'), 0, vendor.server.stderr());
  const bytesAt = async (path: string) => {
    const response = await fetch(`${vendor.server.url}${path}`);
    assert.is(response.status, 200, path);
    return new Uint8Array(await response.arrayBuffer());
  };
  const receiptKeys = async (): Promise<CoseKey[]> => decodeKeySet(await bytesAt('/.well-known/scitt-keys'));
  /** The public key that the seed would make. */
  const ofSeed = (use: KeyUse, n: number) =>
    toHex(signerOf(ALGORITHMS[use], deriveSeed(readSeed(join(data, 'seed')), use, n)).key.bytes);

  const proofOf = (version: string) => vendor.path(`${version}.tlog-proof`);

  /** Logs a build, verifies its proof, and its receipt with the key that it names; answers that key. */
  async function logged(version: string): Promise<{ key: string; receipt: Uint8Array; entry: Uint8Array }> {
    const said = await vendor.build(version, [vendor.vkey], '--out', proofOf(version));
    const proof = new Uint8Array(readFileSync(proofOf(version)));
    const { entry } = verifyProof(proof, vendor.server.vkeys.slice(0, 1).map(parseVkey)); // the one in the token
    const receipt = await bytesAt(`/entries/${(said.statement as { entryId: string }).entryId}`);
    return { key: await checkReceipt(receipt, entry), receipt, entry };
  }

  async function checkReceipt(receipt: Uint8Array, entry: Uint8Array): Promise<string> {
    const decoded = decodeReceipt(receipt);
    const kid = Buffer.from(decoded.kid as Uint8Array).toString('base64url');
    const { key } = fromCoseKey(decode(await bytesAt(`/.well-known/scitt-keys/${kid}`)));
    verifyReceipt(decoded, leafHash(entry), key, { iss: decoded.iss as string, sub: ORIGIN });
    return toHex(key.bytes);
  }

  test('proofs and receipts verify, and no key of Ed25519 or P-256 comes from the seed', async () => {
    const { key } = await logged('1.0');
    await run('verify', proofOf('1.0'), '--vkey', vendor.vkey, '--artifact', vendor.vkey);
    const [ed25519, ...others] = parseVkeys(readFileSync(vendor.vkey, 'utf8'));
    const [mldsa44] = parseVkeys(readFileSync(join(data, 'log-mldsa44.vkey'), 'utf8'));
    assert.equal([others.length, vendor.server.vkeys.map(parseVkey)], [0, [ed25519]]);
    assert.is.not(toHex(ed25519?.key.bytes as Uint8Array), ofSeed('checkpoint-ed25519', 0));
    assert.is.not(key, ofSeed('receipt-p256', 0));
    assert.is(toHex(mldsa44?.key.bytes as Uint8Array), ofSeed('checkpoint-mldsa44', 0), 'what no token of today does');
    assert.equal(JSON.parse(readFileSync(join(data, 'token.json'), 'utf8')), { ...token, pinFile: join(root, 'pin') });
    const files = readdirSync(data).map((name) => readFileSync(join(data, name)));
    assert.not.ok(
      files.some((bytes) => bytes.includes(Buffer.from('1234\n'))),
      'the PIN is nowhere in the directory',
    );
  });

  test('what the seed alone can sign is nothing to those who pin log.vkey', () => {
    const signer = signerOf('mldsa44', deriveSeed(readSeed(join(data, 'seed')), 'checkpoint-mldsa44', 0));
    const vkey = vkeyOf(ORIGIN, COSIGNATURE_MLDSA44, signer.key);
    const text = formatCheckpoint({ origin: ORIGIN, size: 1, root: new Uint8Array(32) as Hash });
    const signature = toNoteSignature(vkey, signer.sign(signedMessage(vkey, text, 1)), 1);
    const forged = utf8(formatNote({ text, signatures: [signature] }));
    const keysIn = (name: string) => parseVkeys(readFileSync(join(data, name), 'utf8'));
    faults('unknown-signer', () => openCheckpoint(forged, keysIn('log.vkey')));
    assert.is(openCheckpoint(forged, keysIn('log-mldsa44.vkey')).checkpoint.size, 1);
  });

  test('a rotated receipt key is another one in the token; what the old one signed still verifies', async () => {
    const before = await logged('1.1');
    await stop();
    const rotated = await run('key', 'rotate-receipt-key', '--data', data);
    assert.is(rotated.number, 1);
    await start();
    const [now] = (await receiptKeys()) as [CoseKey];
    assert.is(Buffer.from(thumbprintOf(now.key)).toString('base64url'), rotated.receiptKey);
    assert.is(await checkReceipt(before.receipt, before.entry), before.key);
    const { key } = await logged('1.2');
    assert.is(key, toHex(now.key.bytes));
    for (const n of [0, 1]) assert.is.not(key, ofSeed('receipt-p256', n));
    await stop();
    await run('fsck', '--data', data);
  });

  test('a restored backup is completed and goes on with the same token', async () => {
    const backup = join(root, 'backup');
    cpSync(data, backup, { recursive: true });
    await start();
    await logged('2.0');
    await stop();
    rmSync(data, { recursive: true });
    cpSync(backup, data, { recursive: true });
    assert.is((await run('recover', '--data', data, '--from', copy)).recovered, 1);
    await start();
    await logged('2.1');
    await stop();
    await run('fsck', '--data', data);
  });

  test('without its token, its PIN or its record a log does not start, and says what to do', async () => {
    const refused = (...more: string[]) => ends(2, 'serve', '--data', data, '--listen', '127.0.0.1:0', ...more);
    writeFileSync(join(root, 'pin'), '4321');
    assert.match(await refused(), /the token "limmat" cannot be logged in to: the PIN is wrong; correct the PIN file/);
    cpSync(token.pinFile, join(root, 'pin'));
    const record = join(data, 'token.json');
    const { token: label, ...rest } = JSON.parse(readFileSync(record, 'utf8'));
    const change = (value: object) => writeFileSync(record, JSON.stringify(value));
    change({ ...rest, token: 'elsewhere' });
    assert.match(await refused(), /has no token "elsewhere", there is "limmat": connect it/);
    hsm.addToken('empty');
    change({ ...rest, token: 'empty' });
    assert.match(
      await refused(),
      /the token has no key "limmat log\.example\/cli checkpoint-ed25519 0": is it the token/,
    );
    assert.match(await ends(2, 'key', 'rotate-receipt-key', '--data', data), /the token has no key/);
    renameSync(record, `${record}.lost`);
    assert.match(
      await refused(),
      /the published checkpoint was signed by another key than the one in .*seed \(or in a/,
    );
    assert.match(await ends(2, 'key', 'rotate-receipt-key', '--data', data), /was signed by another key/);
    change({ ...rest, token: label });
    await start();
    await logged('3.0');
    await stop();
  });

  test('a token that is taken away keeps the log from publishing, and when it is back all goes on without a start', async () => {
    await start();
    await logged('4.0');
    const before = await bytesAt('/checkpoint');
    const health = async () => (await fetch(`${vendor.server.url}/healthz`)).json() as Promise<Record<string, unknown>>;
    const away = async () => /^limmat_key_away (.)$/m.exec(new TextDecoder().decode(await bytesAt('/metrics')))?.[1];
    assert.equal([(await health()).status, await away()], ['ok', '0']);
    const reconnect = hsm.disconnect();
    const build = [...vendor.buildFlags('4.1', [vendor.vkey]), ...vendor.target, '--out', proofOf('4.1')];
    assert.match(await ends(3, 'submit', 'build', ...build), /the entry is logged and not published yet: ask again/);
    const { status, problem } = await health();
    assert.is(status, 'degraded');
    assert.match(problem as string, /^the key that signs checkpoints cannot be reached since 2/);
    assert.match(vendor.server.stderr(), /ALARM: nothing is signed or published: /);
    assert.equal([await away(), toHex(await bytesAt('/checkpoint'))], ['1', toHex(before)]);
    reconnect();
    await until(health, (now) => now.status === 'ok');
    await logged('4.1');
    assert.is(await away(), '0');
    assert.match(vendor.server.stderr(), /checkpoints are signed again/);
    await stop();
    await run('fsck', '--data', data);
  });

  test('a token that refuses the PIN when it is back is not tried again: the log stops', async () => {
    await start();
    const reconnect = hsm.disconnect();
    const out = vendor.path('5.0.cose');
    const build = [...vendor.buildFlags('5.0', [vendor.vkey]), '--audience', ORIGIN];
    const refused = ends(3, 'submit', 'build', ...build, ...vendor.target, '--out', out);
    await until(
      async () => vendor.server.stderr(),
      (said) => /ALARM/.test(said),
    );
    writeFileSync(join(root, 'pin'), '4321');
    reconnect();
    assert.match(await refused, /stopped after an error/);
    assert.is((await fetch(`${vendor.server.url}/healthz`)).status, 503);
    assert.match(vendor.server.stderr(), /the PIN is wrong/);
    assert.is(vendor.server.stderr().match(/the PIN is wrong/g)?.length, 1);
    await stop();
    cpSync(token.pinFile, join(root, 'pin'));
    await start();
    await logged('5.1');
    await stop();
    await run('fsck', '--data', data);
  });

  test('init takes no token that has a log of this name, and makes nothing in one when something else is wrong', async () => {
    const init = (origin: string, ...more: string[]) => [
      'init',
      '--data',
      join(folder(), 'log'),
      '--origin',
      origin,
      ...more,
    ];
    assert.match(await ends(2, ...init(ORIGIN, '--token', tokenFile)), /has a key checkpoint-ed25519 of .* already/);
    const bad = vendor.file(
      'bad.yaml',
      'organisations: [{id: acme, name: Acme, role: vendor, rootKeys: [], threshold: 1}]\n',
    );
    await ends(3, ...init('log.example/other', '--token', tokenFile, '--policy', bad));
    const secret = vendor.file('secret.yaml', `${readFileSync(tokenFile, 'utf8')}pin: 1234\n`);
    assert.match(
      await ends(2, ...init('log.example/other', '--token', secret)),
      /module, token and pinFile, and no "pin"/,
    );
    const lacking = vendor.file('lacking.yaml', 'token: limmat\n');
    assert.match(await ends(2, ...init('log.example/other', '--token', lacking)), /"module" is missing/);
    const { vkeys } = await run(...init('log.example/other', '--token', tokenFile, '--entries', 'opaque'));
    assert.is(parseVkey((vkeys as string[])[0] as string).name, 'log.example/other');
  });

  test('a ceremony: the draft makes the keys in the token, and its policy names the one there', async () => {
    const place = join(folder(), 'log');
    const args = ['init', '--data', place, '--origin', 'log.example/ceremony'];
    const operator = vendor.path('operator.pem');
    await run('keygen', '--out', operator);
    const { draft } = await run(...args, '--token', tokenFile, '--draft', '--operator-key', operator);
    const { logKey } = JSON.parse(readFileSync(draft as string, 'utf8')) as { logKey: string };
    const ownKey = fromCoseKey(decode(fromHex(logKey, 'bad-key'))).key;
    const seed = deriveSeed(readSeed(join(place, 'seed')), 'statement-ed25519', 0);
    assert.is.not(toHex(ownKey.bytes), toHex(signerOf('ed25519', seed).key.bytes));
    const signed = vendor.path('genesis.cose');
    const who = ['--issuer', 'operator', '--key', operator, '--audience', 'log.example/ceremony'];
    await run('sign', 'policy', '--file', draft as string, ...who, '--out', signed);
    await run(...args, '--genesis', signed);
    await run('fsck', '--data', place);
  });

  test('where pkcs11js could not be compiled all else works, and a token is told to need it', async () => {
    const place = folder();
    const modules = join(import.meta.dirname, '../../node_modules');
    cpSync(join(import.meta.dirname, '../../dist'), join(place, 'dist'), { recursive: true });
    for (const name of ['package.json', 'schema.sql'])
      cpSync(join(import.meta.dirname, '../..', name), join(place, name));
    mkdirSync(join(place, 'node_modules'));
    for (const name of readdirSync(modules).filter((each) => each !== 'pkcs11js')) {
      symlinkSync(join(modules, name), join(place, 'node_modules', name));
    }
    const init = (origin: string, ...more: string[]) =>
      limmatIn(
        { main: join(place, 'dist/cli/main.js') },
        'init',
        '--data',
        join(place, origin),
        '--origin',
        origin,
        ...more,
      );
    assert.is((await init('plain')).code, 0);
    const { code, stderr } = await init('keys', '--token', tokenFile);
    assert.is(code, 2, stderr);
    assert.match(stderr, /pkcs11js is not installed.*: install python3, make and a C\+\+ compiler/);
    assert.not.ok(existsSync(join(place, 'keys')));
  });
}

test.run();
