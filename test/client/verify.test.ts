import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Log } from '../../src/client/log.ts';
import { formatBundle, parseBundle } from '../../src/client/proofbundle.ts';
import { formatTrust, parseTrust, type Trust, trustInKeys } from '../../src/client/trust.ts';
import { verify } from '../../src/client/verify.ts';
import { fromUtf8, type Hash, toHex, utf8 } from '../../src/core/bytes.ts';
import { type Cbor, encode } from '../../src/core/cbor.ts';
import { formatCheckpoint } from '../../src/core/checkpoint.ts';
import {
  decodeStatement,
  EMPTY_MAP,
  entryIdOf,
  type SignedStatement,
  statementIn,
  writeSign1,
} from '../../src/core/cose.ts';
import { signedMessage, toNoteSignature } from '../../src/core/cosignature.ts';
import { Fault } from '../../src/core/fault.ts';
import { leafHash } from '../../src/core/hash.ts';
import { COSIGNATURE_ED25519, formatNote, formatVkey, NOTE_ED25519, type Vkey, vkeyOf } from '../../src/core/note.ts';
import { attachReceipts, decodeReceipt, splitTransparent } from '../../src/core/receipt.ts';
import { signerOf } from '../../src/core/signature.ts';
import { formatPolicy, parsePolicy } from '../../src/core/tlogpolicy.ts';
import { formatTlogProof, parseTlogProof } from '../../src/core/tlogproof.ts';
import { faults, faultsLater, flipBit, sameBytes } from '../check.ts';
import { ends, run } from '../cli/world.ts';
import * as oracle from '../oracle.ts';
import { raw } from '../registry/world.ts';
import { Party } from './party.ts';

// A bundle and a trust file, as a client without network has them: what they show, and every way in which they may not.

const party = await Party.meet();
const { trust, artifact } = party;
const bundle = await party.bundle();
const witness = vkeyOf('witness.example/w', COSIGNATURE_ED25519, signerOf('ed25519', new Uint8Array(32).fill(8)).key);

test('a bundle shows the entry, its key, the file, and says what it does not show', () => {
  const verified = verify(bundle, trust, { file: artifact });
  assert.is(verified.artifact, 'app.bin');
  assert.is(verified.enrolment?.organisation, 'acme');
  assert.is(verified.enrolment?.purpose, 'build');
  assert.is(verified.origin, trust.policy.logs[0]?.vkey.name);
  assert.is(verified.notShown.length, 3, 'what followed on the enrolment, what came later, witnesses');
  const state = `active at entry ${verified.index}, and whether it was revoked or reported compromised since`;
  assert.match(
    verified.notShown[0] ?? '',
    `${state}: this shows its enrolment at entry ${verified.enrolment?.index} alone`,
  );
  const digests = new Map([
    ['sha512', new Uint8Array(64)],
    ['sha256', new Uint8Array(createHash('sha256').update(artifact).digest())],
  ]);
  assert.is(verify(bundle, trust, { digests }).artifact, 'app.bin');
});

test('without an enrolment the signature on the statement is not shown, and a bare proof is a bundle without one', () => {
  const { proof } = parseBundle(bundle);
  for (const bytes of [proof, utf8(formatBundle({ proof }))]) {
    const verified = verify(bytes, trust);
    assert.is(verified.enrolment, undefined);
    assert.match(verified.notShown.join(), /signature of the statement/);
  }
});

test('another file, another key, another entry as enrolment: none of them passes', async () => {
  const { proof, enrolment } = parseBundle(bundle) as { proof: Uint8Array; enrolment: Uint8Array };
  faults('bad-proof', () => verify(bundle, trust, { file: utf8('something else') }));
  faults('bad-proof', () => verify(enrolment, trust, { file: artifact }), 'a key event is no build');
  const first = (await party.log.proof({ index: 0 })).proof;
  faults('bad-proof', () => verify(utf8(formatBundle({ proof, enrolment: first })), trust), 'a policy enrols no key');
  const activation = (await party.log.proof({ index: 3 })).proof;
  faults('bad-proof', () => verify(utf8(formatBundle({ proof, enrolment: activation })), trust));
  const others = (await party.log.proof({ index: 2 })).proof;
  assert.is(statementIn(parseTlogProof(others).extra as Uint8Array)?.iss, 'acme');
  const message = 'the operations key of the same organisation';
  faults('bad-proof', () => verify(utf8(formatBundle({ proof, enrolment: others })), trust), message);
  faults('bad-proof', () => verify(utf8(formatBundle({ proof: enrolment, enrolment })), trust), 'not before itself');
});

test('a Transparent Statement is taken by the receipt keys that are pinned, where no witness is asked for', async () => {
  const { statement } = verify(bundle, trust);
  const id = entryIdOf((statement as SignedStatement).id);
  const transparent = await party.log.client.get(`entries/${id}/transparent-statement`);
  const verified = verify(transparent, trust, { file: artifact });
  assert.is(verified.artifact, 'app.bin');
  assert.is(verified.index, verify(bundle, trust).index);
  assert.equal(verified.receiptKey, trust.receiptKeys?.[0]);
  assert.equal(verified.signed, []);
  assert.match(verified.notShown.join(), /a receipt signs the root of the tree alone/);
  faults('bad-proof', () => verify(transparent, trust, { file: utf8('something else') }));

  const { policy, receiptKeys = [] } = trust;
  faults('unknown-signer', () => verify(transparent, { policy }), 'no receipt key is pinned');
  const others = [signerOf('p256', new Uint8Array(32).fill(7)).key];
  faults('unknown-signer', () => verify(transparent, { policy, receiptKeys: others }));
  const [vkey] = policy.logs.map((log) => ({ ...log.vkey, name: 'another.example' })) as [Vkey];
  faults(
    'bad-receipt',
    () => verify(transparent, { ...trustInKeys([vkey]), receiptKeys }),
    'it speaks for no log of it',
  );
  const asking = { policy: parsePolicy(utf8(`witness w ${formatVkey(witness)}\nquorum w\n`)), receiptKeys };
  for (const options of [{}, { age: { now: Date.now() / 1000, max: 3600 } }]) {
    const fault = faults('no-quorum', () => verify(transparent, asking, options));
    assert.match(fault.message, /^no witness evidence: a receipt is the word of the log alone/);
  }
  faults(
    'bad-proof',
    () => verify(transparent, trust, { age: { now: Date.now() / 1000, max: 3600 } }),
    'it has no time',
  );
});

test('a Transparent Statement with any byte changed, or without its receipt, is none', async () => {
  const { statement } = verify(bundle, trust) as { statement: SignedStatement };
  const transparent = await party.log.client.get(`entries/${entryIdOf(statement.id)}/transparent-statement`);
  const { root } = verify(transparent, trust);
  let refused = 0;
  for (let bit = 0; bit < 8 * transparent.length; bit += 37) {
    try {
      // Index and size are not signed: where others lead to the same root, the same is shown.
      const verified = verify(flipBit(transparent, bit), trust);
      sameBytes(verified.root, root, `bit ${bit}`);
      sameBytes(verified.entry, statement.entry, `bit ${bit}`);
    } catch (error) {
      assert.instance(error, Fault, `bit ${bit}`);
      refused++;
    }
  }
  assert.ok(refused > (8 * transparent.length) / 37 - 3, `${refused} of the changes were refused`);
  faults('unknown-signer', () => verify(statement.entry, trust));
  const other = decodeStatement(party.statement()).entry;
  const { receipts } = splitTransparent(transparent);
  faults('bad-signature', () => verify(attachReceipts(other, receipts), trust), 'the receipt of another statement');
});

test('of the receipts that a Transparent Statement carries, those by keys that are not pinned are passed over', async () => {
  const { statement } = verify(bundle, trust) as { statement: SignedStatement };
  const transparent = await party.log.client.get(`entries/${entryIdOf(statement.id)}/transparent-statement`);
  const [receipt] = splitTransparent(transparent).receipts as [Uint8Array];
  const foreign = (kid: Uint8Array): Uint8Array => {
    // 395, the verifiable data structure, is another one than ours.
    const header = new Map<number, Cbor>().set(1, -7).set(4, kid).set(395, 2);
    return writeSign1(encode(header), EMPTY_MAP, null, new Uint8Array(64));
  };
  const beside = (...others: Uint8Array[]) => verify(attachReceipts(statement.entry, [...others, receipt]), trust);
  const { index } = verify(transparent, trust);
  assert.is(beside(foreign(new Uint8Array(32)), utf8('no receipt')).index, index);
  faults('bad-receipt', () => beside(foreign(decodeReceipt(receipt).kid as Uint8Array)), 'one by a pinned key counts');
});

test('a Transparent Statement of entry 0 must be of the first policy that is pinned', async () => {
  const { statement } = (await party.log.proof({ index: 0 })).verified as { statement: SignedStatement };
  const transparent = await party.log.client.get(`entries/${entryIdOf(statement.id)}/transparent-statement`);
  assert.is(verify(transparent, trust).index, 0);
  const genesis = leafHash(utf8('another first policy'));
  faults('bad-proof', () => verify(transparent, { ...trust, genesis }), 'another is pinned');
});

test('a log that is asked for a tlog-proof cannot answer with a receipt', async () => {
  const { statement, index } = verify(bundle, trust) as { statement: SignedStatement; index: number };
  const path = `entries/${entryIdOf(statement.id)}/transparent-statement`;
  const transparent = await party.log.client.get(path);
  const log = new Log({ url: 'https://a', trust, fetch: async () => new Response(transparent as BodyInit) });
  await faultsLater('bad-proof', () => log.submit(statement.entry));
  await faultsLater('bad-proof', () => log.proof({ index }));
});

/** A log of our own with these entries: its keys sign whatever tree they like. */
function forged(entries: readonly Uint8Array[]): { proofs: Uint8Array[]; trust: Trust } {
  const signer = signerOf('ed25519', new Uint8Array(32).fill(6));
  const vkey = vkeyOf('forger.example', NOTE_ED25519, signer.key);
  const leaves = entries.map(leafHash);
  const text = formatCheckpoint({ origin: vkey.name, size: leaves.length, root: oracle.mth(leaves) });
  const signatures = [toNoteSignature(vkey, signer.sign(signedMessage(vkey, text, 0)), 0)];
  const checkpoint = utf8(formatNote({ text, signatures }));
  const proofs = entries.map((extra, index) => {
    return formatTlogProof({ index, path: oracle.path(index, leaves), checkpoint, extra });
  });
  return { proofs, trust: trustInKeys([vkey]) };
}

test('a log that admitted a statement with a bad signature is found out by the enrolment', () => {
  const [build, enrolled] = [bundle, parseBundle(bundle).enrolment as Uint8Array].map((bytes) => {
    return parseTlogProof(parseBundle(bytes).proof).extra as Uint8Array;
  }) as [Uint8Array, Uint8Array];
  const bundleIn = ({ proofs: [enrolment, proof] }: ReturnType<typeof forged>) =>
    utf8(formatBundle({ proof: proof as Uint8Array, enrolment: enrolment as Uint8Array }));
  const honest = forged([enrolled, build]);
  assert.is(verify(bundleIn(honest), honest.trust).enrolment?.index, 0);
  const lying = forged([enrolled, flipBit(build, 8 * build.length - 1)]);
  faults('bad-signature', () => verify(bundleIn(lying), lying.trust));
});

test('a statement that says it is a build and is not in its form, as a log of raw bytes takes it, is a bad proof', () => {
  const shapes = [
    [],
    new Map(),
    new Map([['artifacts', 1]]),
    new Map([['artifacts', [1]]]),
    new Map([['artifacts', [new Map()]]]),
  ];
  for (const payload of shapes as Cbor[]) {
    const entry = raw('build', 'build', encode(payload), { iss: 'acme' }).entry;
    const { proofs, trust: theirs } = forged([entry]);
    assert.match(
      faults('bad-proof', () => verify(proofs[0] as Uint8Array, theirs, { file: artifact })).message,
      /this is no build/,
    );
  }
});

test('a quorum that is not met, an age that is exceeded, another first entry', () => {
  const log = trust.policy.logs.map(({ vkey }) => `log ${formatVkey(vkey)}\n`).join('');
  const policy = parsePolicy(utf8(`${log}witness w ${formatVkey(witness)}\nquorum w\n`));
  const fault = faults('no-quorum', () => verify(bundle, { policy }));
  assert.match(fault.message, /no cosignature by w/);
  const time = Math.max(...verify(bundle, trust).signed.map((one) => one.time ?? 0));
  assert.ok(verify(bundle, trust, { age: { now: time + 60, max: 60 } }));
  faults('bad-proof', () => verify(bundle, trust, { age: { now: time + 61, max: 60 } }));
  const ahead = faults('bad-proof', () => verify(bundle, trust, { age: { now: time - 301, max: 60 } }));
  assert.match(ahead.message, /the newest signature is from 20/, 'a time to come is not fresh until then');
  const { vkey } = trust.policy.logs.find(({ vkey: { type } }) => type === 1) as { vkey: typeof witness };
  faults('bad-proof', () => verify(bundle, trustInKeys([vkey]), { age: { now: time, max: 60 } }), 'it has no time');
  faults('unknown-signer', () => verify(bundle, trustInKeys([witness])));
});

test('entry 0 must be the one that is pinned', async () => {
  const { proof } = await party.log.proof({ index: 0 });
  assert.is(verify(proof, trust).index, 0);
  faults('bad-proof', () => verify(proof, { ...trust, genesis: leafHash(utf8('another beginning')) }));
});

test('a flipped bit is found, or makes a signature one of an unknown key and changes nothing that is said', () => {
  const told = (bytes: Uint8Array): string => {
    const { index, size, root, leafHash: leaf, artifact: name, enrolment } = verify(bytes, trust, { file: artifact });
    return JSON.stringify([index, size, toHex(root), toHex(leaf), name, enrolment?.index, enrolment?.keyId]);
  };
  const said = told(bundle);
  let found = 0;
  const step = Math.floor((8 * bundle.length) / 150);
  for (let bit = 3; bit < 8 * bundle.length; bit += step) {
    let now = said;
    try {
      now = told(flipBit(bundle, bit));
    } catch (error) {
      assert.is((error as Error).name, 'Fault', `bit ${bit}: ${(error as Error).stack}`);
      found++;
    }
    assert.is(now, said, `bit ${bit}`);
  }
  assert.ok(found > 140, `${found} found`);
});

test('a trust file is the inverse of what is read, and other forms of trust are taken', () => {
  assert.is(formatTrust(trust), fromUtf8(party.trustFile, 'bad-policy'));
  assert.ok(trust.genesis && trust.receiptKeys?.length === 1);
  const vkeys = trust.policy.logs.map(({ vkey }) => formatVkey(vkey));
  assert.is(verify(bundle, parseTrust(utf8(`${vkeys.join('\n')}\n`))).artifact, undefined);
  assert.ok(verify(bundle, parseTrust(utf8(`# ours\nlog ${vkeys[0]}\nquorum none\n`))));
});

test('what is no trust is refused, and says why', () => {
  const text = formatTrust(trust);
  const bad: [RegExp, string][] = [
    [/names no log/, `witness w ${formatVkey(witness)}\nquorum w\n`],
    [/begins like JSON/, '{"format":'],
    [/the format of a trust file/, text.replace('trust/v1', 'trust/v2')],
    [/genesis is a leaf hash/, text.replace(/"genesis": "../, '"genesis": "')],
    [/policy is a list/, text.replace('"policy": [', '"policy": [7,')],
    [/receiptKeys is a list/, text.replace('"receiptKeys": [', '"receiptKeys": [7,')],
    [/too large/, ' '.repeat(1024 * 1024 + 1)],
  ];
  for (const [message, file] of bad) {
    assert.match(faults('bad-policy', () => parseTrust(utf8(file)), file.slice(0, 40)).message, message);
  }
  faults('bad-vkey', () => parseTrust(utf8('rubbish\n')));
});

test('what is no bundle is refused', () => {
  for (const text of [
    '{',
    '{}',
    '{"format":"limmat-bundle/v1"}',
    '{"format":"limmat-bundle/v1","proof":1}',
    '{"format":"limmat-bundle/v1","proof":"x","enrolment":1}',
    `{${' '.repeat(1024 * 1024)}}`,
    '',
  ]) {
    faults('bad-proof', () => verify(utf8(text), trust), text.slice(0, 40));
  }
});

test('limmat verify --trust does the same from the command line, with exit code 1 for what is not so', async () => {
  const { vendor } = party;
  const [file, app, other] = [vendor.path('b.json'), vendor.path('app.bin'), vendor.path('other.bin')];
  writeFileSync(file, bundle);
  writeFileSync(app, artifact);
  writeFileSync(other, 'something else');
  const flags = ['verify', file, '--trust', vendor.path('trust.json')];
  const said = await run(...flags, '--artifact', app, '--max-age', '3600');
  assert.is(said.artifact, 'app.bin');
  assert.equal((said.key as Record<string, unknown>).organisation, 'acme');
  assert.match(await ends(1, ...flags, '--artifact', other), /not among the artifacts/);
  assert.match(await ends(1, ...flags, '--max-age', '0'), /newest signature/);
});

test('limmat verify checks a bundle as fully with the keys of the log, or a policy that names it', async () => {
  const { vendor } = party;
  const file = vendor.file('whole.json', bundle);
  const app = vendor.file('whole.bin', artifact);
  const policy = vendor.file('named.policy', formatPolicy(trust.policy));
  const trusted = vendor.path('trust.json');
  for (const trusting of [
    ['--vkey', vendor.vkey],
    ['--policy', policy],
    ['--policy', trusted],
  ]) {
    const said = await run('verify', file, ...trusting, '--artifact', app);
    assert.is(said.artifact, 'app.bin');
    assert.equal((said.key as Record<string, unknown>).organisation, 'acme');
  }
  const nameless = vendor.file('nameless.policy', 'quorum none\n');
  assert.match(await ends(2, 'verify', file, '--policy', nameless), /names no log: add a line `log <vkey>`/);
  assert.is((await run('verify', file, '--vkey', vendor.vkey, '--policy', nameless)).verified, true);
  assert.is((await run('verify', file, '--vkey', vendor.vkey, '--policy', trusted)).verified, true);
  const fetched = ['proof', '--index', '0', '--url', vendor.target[1] as string, '--out', vendor.path('genesis')];
  assert.is((await run(...fetched, '--policy', trusted)).entry, 0);
  // Of a policy that names logs, those count that are pinned too.
  const other = vkeyOf('log.example/other', NOTE_ED25519, signerOf('ed25519', new Uint8Array(32)).key);
  const both = [...trust.policy.logs, { vkey: other }];
  const wider = vendor.file('wider.policy', formatPolicy({ ...trust.policy, logs: both }));
  assert.is((await run('verify', file, '--vkey', vendor.vkey, '--policy', wider)).verified, true);
  const otherKey = vendor.file('other.vkey', `${formatVkey(other)}\n`);
  assert.match(await ends(1, 'verify', file, '--vkey', otherKey, '--policy', wider), /no signature .* by a given key/);
  const elsewhere = vendor.file('elsewhere.policy', formatPolicy({ ...trust.policy, logs: [{ vkey: other }] }));
  assert.match(await ends(2, 'verify', file, '--vkey', vendor.vkey, '--policy', elsewhere), /none by a key of --vkey/);
  assert.match(await ends(2, 'verify', file, '--policy', vendor.vkey), /is not log, witness, group or quorum/);
  const first = vendor.path('genesis');
  const lost = vendor.file('lost.json', formatTrust({ ...trust, genesis: new Uint8Array(32) as Hash }));
  for (const keys of [[], ['--vkey', vendor.vkey]]) {
    assert.match(await ends(1, 'verify', first, '--policy', lost, ...keys), /not the first policy that is pinned/);
  }
  const watched = { ...trust.policy, witnesses: [{ name: 'w', vkey: witness }] };
  const asking = vendor.file('watched.policy', formatPolicy(watched));
  const { witnesses } = await run('verify', file, '--policy', asking);
  assert.equal((witnesses as string[]).slice(1), ['the policy asks for no witness', 'no cosignature by w']);
  // Whoever gives both must not believe that both were asked for.
  assert.match(await ends(2, 'verify', file, '--trust', trusted, '--policy', policy), /leave out --vkey and --policy/);
});

test('limmat trust bundle takes witnesses from a policy that the log satisfies, and none that is of another log', async () => {
  const { vendor } = party;
  const out = vendor.path('with-witness.json');
  const line = `witness w ${formatVkey(witness)} https://witness.example\n`;
  const flags = ['trust', 'bundle', ...vendor.target, '--out', out, '--policy'];
  const unmet = vendor.file('unmet', `${line}quorum w\n`);
  assert.match(await ends(1, ...flags, unmet), /quorum not met/);
  assert.not.ok(existsSync(out));
  const said = await run(...flags, vendor.file('policy', `${line}quorum none\n`));
  assert.equal([said.witnesses, existsSync(out)], [['witness.example/w'], true]);
  const strict = formatTrust({ ...trust, policy: { ...parsePolicy(readFileSync(unmet)), logs: trust.policy.logs } });
  assert.match(
    await ends(1, 'verify', vendor.path('b.json'), '--trust', vendor.file('strict.json', strict)),
    /quorum not met/,
  );
  const foreign = signerOf('ed25519', new Uint8Array(32).fill(7)).key;
  const log = `log ${formatVkey(vkeyOf('other.example', 1, foreign))}\n${line}quorum none\n`;
  assert.match(await ends(2, ...flags, vendor.file('foreign', log)), /names a log key/);
});

test.after(() => party.end());
test.run();
