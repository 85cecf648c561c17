import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LogClient } from '../../src/client/logclient.ts';
import { formatBundle } from '../../src/client/proofbundle.ts';
import { concat, toHex, utf8 } from '../../src/core/bytes.ts';
import { decodeStatement, entryIdOf } from '../../src/core/cose.ts';
import { leafHash } from '../../src/core/hash.ts';
import { attachReceipts } from '../../src/core/receipt.ts';
import { buildOf, builtLog, ORIGIN } from '../flow/builtlog.ts';
import { limmat, limmatIn, serve } from '../flow/server.ts';
import { folder } from '../folder.ts';
import { ends, run } from './world.ts';

// Every format of the project, as a file and behind the URL where a log serves it.

const log = await builtLog(300);
const server = await serve(log.data);
const root = folder();
const build = buildOf(log.world, 5);
const { id } = decodeStatement(build);
const entryUrl = `${server.url}/entries/${entryIdOf(id)}`;

async function fetched(path: string, accept = '*/*'): Promise<Uint8Array> {
  const response = await fetch(`${server.url}/${path}`, { headers: { accept } });
  assert.is(response.status, 200, path);
  return new Uint8Array(await response.arrayBuffer());
}

/** Inspects bytes as a file and through standard input, which must show the same. */
async function inspect(bytes: Uint8Array): Promise<Record<string, unknown>> {
  const file = join(root, 'file');
  writeFileSync(file, bytes);
  const shown = await run('inspect', file);
  const piped = await limmatIn({ input: Buffer.from(bytes) }, 'inspect', '-', '--json');
  assert.equal(JSON.parse(piped.stdout), shown);
  return shown;
}

test('checkpoint', async () => {
  for (const shown of [await inspect(await fetched('checkpoint')), await run('inspect', `${server.url}/checkpoint`)]) {
    assert.is(shown.format, 'checkpoint');
    assert.is(shown.origin, ORIGIN);
    assert.is(shown.size, 300);
    assert.match(shown.root as string, /^[0-9a-f]{64}$/);
    assert.is((shown.signatures as string[]).length, 2);
  }
  const { stdout } = await limmat('inspect', `${server.url}/checkpoint`);
  assert.match(stdout, /^format +checkpoint\norigin +demo/, 'for people, in lines');
});

test('vkeys', async () => {
  const { format, keys } = await inspect(readFileSync(log.vkey));
  assert.is(format, 'vkeys');
  assert.equal(
    (keys as { name: string; type: number }[]).map(({ name, type }) => [name, type]),
    [
      [ORIGIN, 1],
      [ORIGIN, 6],
    ],
  );
});

test('statement, as a file and as the log serves it', async () => {
  const statementUrl = `${entryUrl}/statement`;
  for (const shown of [await inspect(build), await run('inspect', statementUrl)]) {
    assert.is(shown.format, 'statement');
    assert.is(shown.kind, 'build');
    assert.is(shown.issuer, 'acme');
    assert.is(shown.entryId, entryIdOf(id));
    assert.is(shown.leafHash, toHex(leafHash(build)));
    assert.is((shown.payload as { product: string }).product, 'kdb');
  }
});

test('proof, with the statement in it', async () => {
  const shown = await inspect(await new LogClient(server.url, fetch).proof(entryIdOf(id)));
  assert.is(shown.format, 'tlog-proof@v1');
  assert.is(shown.index, 12);
  assert.is(shown.size, 300);
  assert.is((shown.entry as { kind: string }).kind, 'build');
});

test('receipt, and a transparent statement that carries it', async () => {
  const receipt = await fetched(`entries/${entryIdOf(id)}`, 'application/cose');
  for (const shown of [await inspect(receipt), await run('inspect', entryUrl)]) {
    assert.is(shown.format, 'receipt');
    assert.is(shown.subject, ORIGIN);
    assert.is(shown.issuer, server.url);
    const [claim] = shown.claims as { index: number; size: number }[];
    assert.is(claim?.index, 12);
    assert.is(claim?.size, 300);
  }
  const transparent = await inspect(attachReceipts(build, [receipt]));
  assert.is(transparent.format, 'transparent statement');
  assert.is((transparent.receipts as unknown[]).length, 1);
});

test('COSE keys', async () => {
  const set = await run('inspect', `${server.url}/.well-known/scitt-keys`);
  assert.is(set.format, 'COSE key set');
  const [key] = set.keys as { algorithm: string; thumbprint: string }[];
  assert.is(key?.algorithm, 'p256');
  const kid = Buffer.from(key?.thumbprint as string, 'hex').toString('base64url');
  const one = await inspect(await fetched(`.well-known/scitt-keys/${kid}`));
  assert.is(one.format, 'COSE key');
  assert.is(one.thumbprint, key?.thumbprint);
});

test('tile and bundle, full and partial', async () => {
  for (const [path, width] of [
    ['tile/0/000', 256],
    ['tile/0/001.p/44', 44],
    ['tile/1/000.p/1', 1],
  ] as const) {
    const shown = await inspect(await fetched(path));
    assert.is(shown.format, 'tile', path);
    assert.is(shown.width, width);
  }
  const bundle = await run('inspect', `${server.url}/tile/entries/000`);
  assert.is(bundle.format, 'entry bundle');
  const entries = bundle.entries as { kind: string; leafHash: string }[];
  assert.is(entries.length, 256);
  assert.is(entries[0]?.kind, 'policy');
  assert.is(entries[12]?.leafHash, toHex(leafHash(build)));
});

test('what a client keeps: a bundle, a trust bundle, a tlog-policy', async () => {
  const proofs = [await fetched('v1/proof?index=12'), await fetched('v1/proof?index=2')] as const;
  const bundle = await inspect(utf8(formatBundle({ proof: proofs[0], enrolment: proofs[1] })));
  const { format, index, entry, enrolment } = bundle as { [name: string]: Record<string, unknown> };
  assert.equal(
    [format, index, entry?.kind, enrolment?.index, enrolment?.size],
    ['limmat-bundle/v1', 12, 'build', 2, 300],
  );
  const out = join(root, 'trust.json');
  await run('trust', 'bundle', '--url', server.url, '--vkey', log.vkey, '--out', out);
  const trust = await inspect(readFileSync(out));
  assert.equal([trust.format, trust.quorum], ['limmat-trust/v1', 'none']);
  const vkeys = readFileSync(log.vkey, 'utf8').trim().split('\n');
  assert.equal(
    (trust.logs as { id: string }[]).map(({ id }) => id),
    vkeys.map((vkey) => vkey.split('+')[1]),
  );
  const genesis = (await run('inspect', `${server.url}/tile/entries/000`)).entries as { leafHash: string }[];
  assert.is(trust.genesis, genesis[0]?.leafHash);
  const lines = [`log ${vkeys[0]}`, `witness w ${vkeys[1]} https://w.example`, 'group g all w', 'quorum g', ''];
  const policy = await inspect(utf8(lines.join('\n')));
  assert.equal([policy.format, policy.groups, policy.quorum], ['tlog-policy', ['g: 1 of w'], 'g']);
  assert.equal(
    [policy.witnesses].flat().map((one) => (one as Record<string, unknown>).url),
    ['https://w.example'],
  );
});

test('an answer in JSON, as it is', async () => {
  const shown = await run('inspect', `${server.url}/ct/v1/get-sth`);
  assert.is(shown.format, 'JSON');
  assert.is((shown.value as Record<string, unknown>).tree_size, 300);
  const list = [{ a: [null, 'xy', { k: 1 }, 2] }];
  const { stdout } = await limmatIn({ input: Buffer.from(JSON.stringify(list)) }, 'inspect', '-');
  assert.equal(JSON.parse(stdout), list, 'for people as JSON too');
});

test('keys in PEM, and nothing of a private one but its public half', async () => {
  for (const algorithm of ['ed25519', 'p256', 'mldsa44']) {
    const file = join(folder(), 'key.pem');
    const { kid, pem } = await run('keygen', '--out', file, '--algorithm', algorithm);
    const own = await inspect(readFileSync(file));
    const { format, ...half } = await inspect(utf8(pem as string));
    assert.equal([format, half.kid, half.algorithm], ['public key in PEM', kid, algorithm]);
    assert.equal(own, { ...half, format: 'private key in PEM; this is its public half' });
  }
});

test('the guard, with its newest head', async () => {
  const { format, heads, newest } = await inspect(readFileSync(log.guard));
  const checkpoint = await inspect(await fetched('checkpoint'));
  assert.is(format, 'guard');
  assert.is(heads, readFileSync(log.guard, 'utf8').split('\n').length - 1);
  assert.equal(newest, { size: checkpoint.size, root: checkpoint.root });
});

test('a consistency receipt, and problem details', async () => {
  const { format, issuer, subject, claims } = await inspect(await fetched('consistency?first=7'));
  assert.equal([format, issuer, subject], ['consistency receipt', server.url, ORIGIN]);
  const [{ first, second, path }] = claims as [{ first: number; second: number; path: string[] }];
  assert.equal([first, second], [7, 300]);
  assert.match(path[0] as string, /^[0-9a-f]{64}$/);
  const refused = new Uint8Array(await (await fetch(`${server.url}/entries/none`)).arrayBuffer());
  const problem = await inspect(refused);
  assert.equal([problem.format, problem.title, problem.status], ['problem details', 'Invalid locator', 400]);
  assert.ok((problem.detail as string).length > 10);
});

test('what is none of them, is not there, or cannot be reached', async () => {
  assert.match(await ends(2, 'inspect', '-x'), /unknown option/);
  const file = join(root, 'other');
  // A secret of a form that is not known here may be as long as a tile; nothing of it is shown.
  const secret = join(root, 'secret.pem');
  await run('keygen', '--algorithm', 'mldsa44', '--out', secret);
  const pem = utf8(readFileSync(secret, 'utf8').replaceAll('PRIVATE', 'UNKNOWN'));
  assert.is(pem.length % 32, 0);
  for (const bytes of [
    pem,
    utf8('hello, world'),
    new Uint8Array(0),
    concat(build, Uint8Array.of(0)),
    build.subarray(1),
    utf8('{'),
  ]) {
    writeFileSync(file, bytes);
    assert.match(await ends(2, 'inspect', file), /is of no format known here .*--help/);
  }
  assert.match(await ends(2, 'inspect', join(root, 'none')), /there is no file/);
  assert.match(await ends(2, 'inspect', `${server.url}/tile/0/009`), /404/);
  assert.match(await ends(3, 'inspect', 'http://127.0.0.1:9/checkpoint'), /cannot reach/);
  await ends(2, 'inspect', 'http://');
});

test('and the server ends', async () => {
  assert.is(await server.end('SIGTERM'), 0, server.stderr());
});

test.run();
