import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { basename, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { provenAlready } from '../../src/cli/provenalready.ts';
import { COSIGNATURE_ED25519, formatVkey, NOTE_ED25519, vkeyOf } from '../../src/core/note.ts';
import { signerOf } from '../../src/core/signature.ts';
import { limmat, limmatIn, type Ran, serve } from '../flow/server.ts';
import { folder } from '../folder.ts';
import { ends, run, Vendor } from './world.ts';

// A build job: nothing passes the gate that is not proven, nothing that was signed is lost, and the ready-made steps work.

const vendor = await Vendor.begin();
const trust = vendor.path('trust.json');
await run('trust', 'bundle', ...vendor.target, '--out', trust);
const root = join(import.meta.dirname, '../..');
const NOWHERE = 'http://127.0.0.1:9';

/** A folder with files of a build of its own. */
function job(...names: string[]): { place: string; files: string[]; spool: string } {
  const place = folder();
  const files = names.map((name) => {
    writeFileSync(join(place, name), `${name} of ${place}`);
    return join(place, name);
  });
  return { place, files, spool: join(place, 'spool') };
}

const who = () => [
  '--key',
  vendor.key('build'),
  '--issuer',
  'acme',
  '--site',
  'zrh-1',
  '--builder',
  'https://acme.example/b',
];
const flags = (version: string, spool: string, url = vendor.server.url, pinned = trust) => [
  ...['--url', url, '--trust', pinned, '--product', 'app', '--product-version', version, '--spool', spool],
  ...who(),
];
const waiting = (spool: string) =>
  existsSync(spool) ? readdirSync(spool).filter((name) => name.endsWith('.spooled.json')) : [];

test('what is not there yet is logged, proven beside each file, and verifies offline with its key', async () => {
  const { files, spool } = job('a.bin', 'b.bin');
  const said = await run('gate', ...files, ...flags('1', spool));
  assert.is(said.logged, true);
  assert.equal(
    said.bundles,
    files.map((file) => `${file}.limmat.json`),
  );
  for (const file of files) {
    const verified = await run('verify', `${file}.limmat.json`, '--trust', trust, '--artifact', file);
    assert.is(verified.entry, said.entry);
    assert.is((verified.key as { purpose: string }).purpose, 'build');
  }
  assert.equal(waiting(spool), []);
});

test('what is proven already passes without the log, without a key, and not with another file', async () => {
  const { files, spool } = job('a.bin');
  const first = await run('gate', ...files, ...flags('2', spool));
  const again = await run('gate', ...files, '--trust', trust, '--url', NOWHERE);
  assert.is(again.what, 'logged before');
  assert.is(again.entry, first.entry);
  assert.is((await run('gate', ...files, ...flags('2', spool, NOWHERE))).what, 'logged before', 'with the key, too');
  rmSync(`${files[0]}.limmat.json`);
  const repeated = await run('gate', ...files, ...flags('2', spool));
  assert.is(repeated.entry, first.entry, 'the same build is the same entry');
  writeFileSync(files[0] as string, 'changed');
  assert.match(await ends(2, 'gate', ...files, '--trust', trust, '--url', NOWHERE), /missing/);
});

test('a file that has no bundle beside it is not read again', async () => {
  const described = { fields: {}, claims: {}, origins: new Map() };
  assert.is(await provenAlready(join(folder(), 'none'), [], described, {}), undefined);
});

test('a bundle of another build is no proof of this one: it is told what differs, and the build is submitted', async () => {
  const { files, spool } = job('a.bin');
  const first = await run('gate', ...files, ...flags('2.1', spool), '--note', 'as built');
  const call = (...more: string[]) => limmat('gate', ...files, ...flags('2.1', spool), ...more, '--json');
  const answer = ({ code, stdout, stderr }: Ran) => {
    assert.is(code, 0, stderr);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  assert.is(answer(await call()).what, 'logged before', 'what is not asked for can be anything');
  assert.is(answer(await call('--note', 'as built')).entry, first.entry);
  const others: [string[], RegExp][] = [
    [['--product', 'other'], /a\.bin\.limmat\.json is the proof of another build: product is "app", not "other"/],
    [['--product-version', '2.2'], /version is "2\.1", not "2\.2"/],
    [['--kind', 'firmware'], /artifactKind is "software", not "firmware"/],
    [['--channel', 'stable'], /channel is not said, not "stable"/],
    [['--package-url', 'pkg:npm/app@2.1'], /subject is "pkg:generic\/app@2\.1", not "pkg:npm/],
    [['--issuer', 'other'], /issuer is "acme", not "other"/],
    [['--key', vendor.key('root')], /key is "[0-9a-f]{64}", not "[0-9a-f]{64}"/],
  ];
  for (const [more, what] of others) {
    const before = readFileSync(`${files[0]}.limmat.json`);
    const ran = await call(...more);
    assert.match(ran.stderr, what);
    if (['--issuer', '--key'].includes(more[0] as string)) assert.is(ran.code, 3, 'not by that one');
    else assert.is.not(answer(ran).entry, first.entry, String(more));
    writeFileSync(`${files[0]}.limmat.json`, before);
  }
});

test('a log that is away fails the job and loses nothing; later the spool is submitted', async () => {
  const { files, spool } = job('a.bin');
  const bundle = `${files[0]}.limmat.json`;
  const said = await ends(3, 'gate', ...files, ...flags('3', spool, NOWHERE), '--patience', '0');
  assert.match(said, /Not proven\. The statement lies in/);
  assert.is(waiting(spool).length, 1);
  assert.not.ok(existsSync(bundle));
  const target = ['gate', '--resume', '--trust', trust, '--spool', spool, '--patience', '0'];
  const { stdout } = await limmatIn({}, ...target, '--url', NOWHERE, '--json');
  assert.is((JSON.parse(stdout) as { waiting: number }).waiting, 1);
  const resumed = await run(...target, '--url', vendor.server.url);
  assert.is(resumed.waiting, 0);
  assert.equal(waiting(spool), []);
  await run('verify', bundle, '--trust', trust, '--artifact', files[0] as string);
});

test('with an offline spool the release goes on, loudly, and is proven later', async () => {
  const { files, spool } = job('a.bin');
  const call = [...flags('4', spool, NOWHERE), '--patience', '0', '--offline-spool', `${spool} for later`];
  const ran = await limmat('gate', ...files, ...call, '--json');
  assert.is(ran.code, 0, ran.stderr);
  assert.match(ran.stderr, /NOT PROVEN: this release goes on WITHOUT a proof/);
  const { logged, next } = JSON.parse(ran.stdout) as { logged: boolean; next: string };
  assert.is(logged, false);
  assert.not.ok(existsSync(`${files[0]}.limmat.json`));
  assert.match(next, /^limmat gate --resume --offline-spool '[^']* for later'$/, 'it can be pasted');
  assert.is(waiting(`${spool} for later`).length, 1);
  const target = ['--trust', trust, '--url', vendor.server.url];
  await run('gate', '--resume', ...target, '--offline-spool', `${spool} for later`);
  await run('verify', `${files[0]}.limmat.json`, '--trust', trust, '--artifact', files[0] as string);
});

test('where the folder of a file is gone its bundle goes into the spool by its entry id, and it is told where', async () => {
  const { place, spool } = job();
  const contents = ['one', 'two'];
  for (const [i, content] of contents.entries()) {
    const gone = join(place, content);
    mkdirSync(gone);
    const files = ['c.bin', 'd.bin'].map((name) => join(gone, name));
    for (const file of files) writeFileSync(file, `${content} of ${file}`);
    await ends(3, 'gate', ...files, ...flags(`4.${i + 1}`, spool, NOWHERE), '--patience', '0');
    for (const file of files) cpSync(file, join(place, `${content}.bin`));
    rmSync(gone, { recursive: true });
  }
  const kept = join(folder(), 'spool');
  cpSync(spool, kept, { recursive: true });
  const target = ['--trust', trust, '--url', vendor.server.url];
  const { resumed } = (await run('gate', '--resume', ...target, '--spool', spool)) as {
    resumed: { artifacts: string[]; bundles: string[] }[];
  };
  for (const content of contents) {
    const { bundles } = resumed.find(({ artifacts }) => artifacts[0] === join(place, content, 'c.bin')) ?? {};
    assert.is(bundles?.length, 1, 'one for both files');
    assert.match(bundles?.[0] ?? '', /spool\/[A-Za-z0-9_-]{43}\.limmat\.json$/);
    await run('verify', bundles?.[0] ?? '', '--trust', trust, '--artifact', join(place, `${content}.bin`));
  }
  const { stdout } = await limmat('gate', '--resume', ...target, '--spool', kept);
  const names = resumed.map(({ bundles }) => basename(bundles[0] as string));
  for (const name of names) assert.match(stdout, new RegExp(`^  bundles {4}\\S*/${name}$`, 'm'), stdout);
});

test('a retry that names the proofs of the run before, as dist/* does, logs nothing anew', async () => {
  const { files, spool } = job('a.bin', 'b.bin');
  const first = await run('gate', ...files, ...flags('4.8', spool));
  const all = files.flatMap((file) => [file, `${file}.limmat.json`]);
  const ran = await limmat('gate', ...all, ...flags('4.8', spool), '--json');
  assert.is(ran.code, 0, ran.stderr);
  const { entry, what } = JSON.parse(ran.stdout) as { entry: number; what: string };
  assert.equal([entry, what], [first.entry, 'logged before']);
  assert.match(ran.stderr, /a\.bin\.limmat\.json is left out: it is where the proof of another of these files lies/);
  assert.not.ok(existsSync(`${files[0]}.limmat.json.limmat.json`));
});

test('a path that holds another build by now gets the proof of that one alone; that of the earlier goes into the spool', async () => {
  const { files, spool } = job('a.bin');
  const [file] = files as [string];
  const earlier = `${file}.earlier`;
  cpSync(file, earlier);
  await ends(3, 'gate', file, ...flags('4.6', spool, NOWHERE), '--patience', '0');
  writeFileSync(file, 'a later build');
  await ends(3, 'gate', file, ...flags('4.7', spool, NOWHERE), '--patience', '0');
  const target = ['--trust', trust, '--url', vendor.server.url];
  const { resumed } = await run('gate', '--resume', ...target, '--spool', spool);
  const bundles = (resumed as { bundles: string[] }[]).flatMap((one) => one.bundles);
  assert.is(bundles.length, 2);
  const kept = bundles.find((path) => path !== `${file}.limmat.json`) as string;
  assert.match(kept, /spool\/[A-Za-z0-9_-]{43}\.limmat\.json$/);
  await run('verify', `${file}.limmat.json`, '--trust', trust, '--artifact', file);
  await run('verify', kept, '--trust', trust, '--artifact', earlier);
});

test('a proof that cannot be kept is told as one that is logged, and what to do next; other files get theirs', async () => {
  const { files, spool } = job('a.bin', 'b.bin');
  const [file, other] = files as [string, string];
  const full = `${file}.limmat.json.new`;
  symlinkSync('/dev/full', full); // where it is written before it gets its name
  const said = await ends(2, 'gate', file, ...flags('4.3', spool));
  assert.match(
    said,
    /logged, as entry \d+ of log\.example\/cli; but the proof is not kept as \S*a\.bin\.limmat\.json: /,
  );
  assert.match(said, /: the disk is full: make room, or name another place$/m);
  assert.match(
    said,
    `\nThe statement lies in ${spool}; \`limmat gate --resume --spool ${spool}\` submits it again, with`,
  );
  assert.not.match(said, /Not proven/);
  assert.is(waiting(spool).length, 1);
  await ends(3, 'gate', other, ...flags('4.4', spool, NOWHERE), '--patience', '0');
  const target = ['gate', '--resume', '--spool', spool, '--trust', trust, '--url', vendor.server.url];
  const ran = await limmat(...target, '--json');
  assert.is(ran.code, 2, ran.stderr);
  const { resumed } = JSON.parse(ran.stdout) as { resumed: { artifacts: string[]; why?: string }[] };
  assert.match(
    resumed.find(({ artifacts }) => artifacts[0] === file)?.why ?? '',
    /logged, as entry .*the disk is full/,
  );
  assert.ok(existsSync(`${other}.limmat.json`));
  rmSync(full);
  assert.is((await run(...target)).waiting, 0);
  await run('verify', `${file}.limmat.json`, '--trust', trust, '--artifact', file);
});

test('a spool that takes nothing more is told with what lies in it', async () => {
  const { files, spool } = job('a.bin');
  await ends(3, 'gate', ...files, ...flags('4.5', spool, NOWHERE), '--patience', '0');
  const [name] = waiting(spool);
  const gate = ['gate', ...files, ...flags('4.5', spool)];
  symlinkSync('/dev/full', join(spool, `${name}.new`));
  const said = await ends(2, ...gate);
  assert.match(
    said,
    `the disk is full: make room, or name another place\nThe statement lies in ${spool}; \`limmat gate`,
  );
  rmSync(join(spool, `${name}.new`));
  await run(...gate);
});

test('a refusal stops the release with an offline spool too', async () => {
  const { files, spool } = job('a.bin');
  const call = flags('5', spool).with(-3, 'nowhere-1');
  const said = await ends(3, 'gate', ...files, ...call, '--offline-spool', spool);
  assert.match(said, /site[\s\S]*Refused, and not sent again\. The statement is set aside as .*\.refused\.json/);
  assert.equal(waiting(spool), []);
});

test('what is refused while the spool is resumed is told once, with 1, and set aside', async () => {
  const { files, spool } = job('a.bin');
  const call = flags('5.1', spool, NOWHERE).with(-3, 'nowhere-1');
  await ends(3, 'gate', ...files, ...call, '--patience', '0');
  const target = ['--trust', trust, '--url', vendor.server.url, '--spool', spool];
  const ran = await limmat('gate', '--resume', ...target, '--json');
  assert.is(ran.code, 1, ran.stderr);
  assert.match(ran.stderr, /a\.bin: .*site[\s\S]*set aside as/);
  const { resumed, waiting: left } = JSON.parse(ran.stdout) as { resumed: { waits: boolean }[]; waiting: number };
  assert.equal([resumed[0]?.waits, left], [false, 0]);
  assert.equal((await run('gate', '--resume', ...target)).resumed, []);
});

test('what is refused ends a resumed spool with 1 also when something else in it has to wait', async () => {
  const { files, spool } = job('a.bin');
  await ends(3, 'gate', ...files, ...flags('5.3', spool, NOWHERE).with(-3, 'nowhere-1'), '--patience', '0');
  const [refused] = waiting(spool);
  await ends(3, 'gate', ...files, ...flags('5.4', spool, NOWHERE), '--patience', '0');
  const other = waiting(spool).find((name) => name !== refused) as string;
  const item = JSON.parse(readFileSync(join(spool, other), 'utf8')) as object;
  writeFileSync(join(spool, other), JSON.stringify({ ...item, sentTo: NOWHERE }));
  const target = ['--trust', trust, '--url', vendor.server.url, '--url', NOWHERE, '--spool', spool, '--patience', '0'];
  const ran = await limmat('gate', '--resume', ...target, '--json');
  assert.is(ran.code, 1, ran.stderr);
  assert.equal(waiting(spool), [other]);
});

test('a spool that is named and not there is a call that cannot be used; the usual one may be missing', async () => {
  const { place, spool } = job('a.bin');
  const target = ['gate', '--resume', '--trust', trust, '--url', vendor.server.url];
  for (const name of ['--spool', '--offline-spool']) {
    assert.match(await ends(2, ...target, name, spool), /there is no folder .*: name the one/);
  }
  const env = { LIMMAT_OFFLINE_SPOOL: spool };
  for (const given of [{ cwd: place }, { cwd: place, env }]) assert.is((await limmatIn(given, ...target)).code, 0);
});

test('trust in the wrong order is told before anything is logged', async () => {
  const { files, spool } = job('a.bin');
  const call = [...flags('5.2', spool, vendor.server.url, strangers), '--url', closed, '--trust', trust];
  assert.match(
    await ends(1, 'gate', ...files, ...call),
    /not the log that is pinned for it, so nothing was sent to it/,
  );
  const resumed = await run('gate', '--resume', '--spool', spool, '--trust', trust, '--url', vendor.server.url);
  assert.is(resumed.waiting, 0, 'it waits, and goes with the right trust');
});

test('a URL that is none is a call that cannot be used, and so are files beside --resume', async () => {
  const { files, spool } = job('a.bin');
  for (const url of ['nonsense', 'ftp://log.example', 'http://']) {
    assert.match(
      await ends(2, 'gate', ...files, ...flags('7', spool, url)),
      /--url is an http or https URL such as https:\/\/log\.example/,
    );
  }
  assert.match(await ends(2, 'gate', '--resume', ...files, ...flags('7', spool)), /leave out the files/);
});

test('without its witnesses nothing passes, and a bundle without them is none', async () => {
  const { files, spool } = job('a.bin');
  await run('gate', ...files, ...flags('6', spool));
  const key = vkeyOf('witness.example', COSIGNATURE_ED25519, signerOf('ed25519', new Uint8Array(32).fill(8)).key);
  const log = readFileSync(vendor.vkey, 'utf8')
    .trim()
    .split('\n')
    .map((vkey) => `log ${vkey}\n`);
  const policy = vendor.file('policy', `${log.join('')}witness w ${formatVkey(key)}\nquorum w\n`);
  const said = await ends(1, 'gate', ...files, ...flags('6', spool, undefined, policy), '--patience', '1');
  assert.match(said, /quorum not met/);
});

/** Where nothing listens any more; a port that `fetch` does not refuse by itself. */
const closed = await new Promise<string>((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    server.close(() => resolve(`http://127.0.0.1:${port}`));
  });
});
/** What is pinned of a log that is there no more. */
const strangers = vendor.file(
  'strangers.vkey',
  `${formatVkey(vkeyOf('log.example/other', NOTE_ED25519, signerOf('ed25519', new Uint8Array(32).fill(9)).key))}\n`,
);

test('of several logs the first that can takes the build, and the proof is of that one', async () => {
  const { files, spool } = job('a.bin');
  const [file] = files as [string];
  const both = ['--url', closed, '--trust', strangers, ...flags('11', spool)];
  const said = await run('gate', file, ...both);
  const verified = await run('verify', `${file}.limmat.json`, '--trust', trust, '--artifact', file);
  assert.is(verified.entry, said.entry);
  assert.is((verified.key as { purpose: string }).purpose, 'build', 'its key is shown by the log that took it');
  assert.equal(waiting(spool), []);
  const nowhere = ['--url', closed, '--trust', strangers, '--url', closed, '--trust', trust];
  assert.is((await run('gate', file, ...nowhere)).what, 'logged before', 'in the second log');
  await run('gate', ...job('b.bin').files, ...flags('12', spool), '--url', closed);
});

test('several logs are lines of the environment and a list in a file, and the spool finds its way to one', async () => {
  const { place, files, spool } = job('a.bin');
  const said = await ends(3, 'gate', ...files, ...flags('13', spool, closed), '--url', closed, '--patience', '0');
  assert.match(said, /Not proven/);
  const env = { LIMMAT_URL: `${closed}\n  ${vendor.server.url}\n`, LIMMAT_TRUST: `${strangers}\n${trust}` };
  const { code, stderr } = await limmatIn({ env }, 'gate', '--resume', '--spool', spool);
  assert.is(code, 0, stderr);
  await run('verify', `${files[0]}.limmat.json`, '--trust', trust, '--artifact', files[0] as string);
  const config = join(place, 'gate.json');
  writeFileSync(config, JSON.stringify({ url: [closed, vendor.server.url], trust, spool, site: 'zrh-1' }));
  const rest = ['--product', 'app', '--product-version', '14', ...who()];
  await run('gate', ...job('c.bin').files, '--config', config, ...rest);
});

test('a log whose lookup is busy is waited for no longer than patience says, and proven later', async () => {
  const { files, spool } = job('a.bin');
  let asked = 0;
  const front = createHttpServer(async (request, response) => {
    if (request.url?.startsWith('/v1/keys')) {
      asked++;
      return response.writeHead(503, { 'retry-after': '2' }).end();
    }
    const { method = '', url = '' } = request;
    const { 'content-type': type = '', accept = '' } = request.headers;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = method === 'POST' ? { body: Buffer.concat(chunks) } : {};
    const answer = await fetch(vendor.server.url + url, { method, headers: { 'content-type': type, accept }, ...body });
    return response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise<void>((done) => front.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  const said = await ends(3, 'gate', ...files, ...flags('16', spool, url), '--patience', '1');
  front.close();
  assert.match(said, /Not proven\. The statement lies in/);
  assert.is(asked, 1);
  await run('gate', '--resume', '--spool', spool, '--trust', trust, '--url', vendor.server.url);
});

test('gate says what is missing', async () => {
  const { files, spool } = job('a.bin');
  assert.match(await ends(2, 'gate', '--trust', trust, '--url', NOWHERE), /takes the files/);
  assert.match(await ends(2, 'gate', 'no-such-file', ...flags('7', spool)), /there is no file/);
  assert.match(await ends(2, 'gate', ...files, '--url', NOWHERE), /--trust is missing/);
  assert.match(await ends(2, 'gate', ...files, '--trust', trust), /--url is missing/);
  const [one, more] = [
    ['--url', NOWHERE],
    ['--trust', trust, '--trust', trust],
  ];
  assert.match(await ends(2, 'gate', ...files, ...one, ...more), /one for all logs or one for each.*not 2 for 1/);
});

/** Runs the shell lines of a ready-made step, as the runner does, with `limmat` being this checkout. */
function step(script: string, cwd: string, env: Record<string, string>): Ran {
  const shim = join(cwd, 'limmat-shim');
  writeFileSync(shim, `#!/bin/sh\nexec ${process.execPath} ${join(root, 'dist/cli/main.js')} "$@"\n`);
  chmodSync(shim, 0o755);
  const { PATH = '' } = process.env;
  const { status, stdout, stderr } = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], {
    cwd,
    env: { PATH, COMMAND: shim, TMPDIR: cwd, ...env },
    encoding: 'utf8',
  });
  return { code: status ?? -1, stdout, stderr };
}

type Step = {
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly if?: string;
  readonly with?: Readonly<Record<string, string>>;
};

test('the GitHub action logs a build and leaves no key behind', () => {
  const action = parse(readFileSync(join(root, 'deploy/github/action.yml'), 'utf8')) as {
    inputs: Record<string, { required?: boolean; default?: string }>;
    runs: { using: string; steps: Step[] };
  };
  assert.is(action.runs.using, 'composite');
  const { place, files, spool } = job('a b.bin', 'c.bin');
  const inputs: Record<string, string> = {
    artifacts: `${files[0]}\n\n  ${files[1]}\n`,
    url: `${closed}\n${vendor.server.url}\n`,
    trust,
    key: readFileSync(vendor.key('build'), 'utf8'),
    issuer: 'acme',
    site: 'zrh-1',
    builder: 'https://acme.example/b',
    product: 'app',
    'product-version': '8',
    'offline-spool': spool,
    command: join(place, 'limmat-shim'),
  };
  for (const [name, { required, default: usual }] of Object.entries(action.inputs)) {
    assert.ok(name in inputs || usual !== undefined, `${name} is ${required ? 'required' : 'without a default'}`);
  }
  const [first, keep] = action.runs.steps as [Step, Step];
  assert.not.match(first.run ?? '', /\$\{\{/, 'what comes from outside reaches the shell as environment alone');
  const fill = (text: string) =>
    text.replace(
      /\$\{\{ inputs\.([a-z-]+) \}\}/g,
      (_, name: string) => inputs[name] ?? action.inputs[name]?.default ?? '',
    );
  const env = Object.fromEntries(Object.entries(first.env ?? {}).map(([name, value]) => [name, fill(value)]));
  const ran = step(first.run ?? '', place, env);
  assert.is(ran.code, 0, ran.stderr + ran.stdout);
  for (const file of files) assert.ok(existsSync(`${file}.limmat.json`), file);
  assert.equal(
    readdirSync(place).filter((name) => name.startsWith('tmp.')),
    [],
    'the key was a file for a moment',
  );
  rmSync(`${files[0]}.limmat.json`);
  const away = step(first.run ?? '', place, {
    ...env,
    LIMMAT_URL: NOWHERE,
    LIMMAT_PATIENCE: '0',
    LIMMAT_OFFLINE_SPOOL: '',
  });
  assert.is(away.code, 3, 'the step fails with the gate');
  assert.match(keep.if ?? '', /^\$\{\{ always\(\) \}\}$/, 'what waits is kept of a job that failed, too');
  const [, usual = ''] = /^\$\{\{ inputs\.offline-spool \|\| '([^']+)' \}\}$/.exec(keep.with?.path ?? '') ?? [];
  assert.is(waiting(join(place, usual)).length, 1);
});

test('the GitLab template logs a build, and what waits is proven by its other job', () => {
  const template = parse(readFileSync(join(root, 'deploy/gitlab/limmat-gate.yml'), 'utf8')) as Record<
    string,
    { script: string[]; extends: string; cache: { key: string; when: string; paths: string[] } }
  >;
  const [gate, resume] = ['.limmat-gate', '.limmat-resume'].map((name) => template[name]) as [
    (typeof template)[string],
    (typeof template)[string],
  ];
  const { place, files } = job('a.bin');
  const env = {
    LIMMAT_PATIENCE: '0',
    LIMMAT_TRUST: trust,
    LIMMAT_KEY: vendor.key('build'),
    LIMMAT_ISSUER: 'acme',
    LIMMAT_SITE: 'zrh-1',
    LIMMAT_BUILDER: 'https://acme.example/b',
    LIMMAT_OFFLINE_SPOOL: '.limmat-spool',
    ARTIFACTS: 'a.bin',
    PRODUCT: 'app',
    PRODUCT_VERSION: '9',
  };
  const ran = step(gate?.script.join('\n') ?? '', place, { ...env, LIMMAT_URL: NOWHERE });
  assert.is(ran.code, 0, ran.stderr);
  assert.match(ran.stderr, /NOT PROVEN/);
  assert.is(waiting(join(place, '.limmat-spool')).length, 1);
  const { LIMMAT_OFFLINE_SPOOL: _, ...strict } = { ...env, PRODUCT_VERSION: '9.1', LIMMAT_URL: NOWHERE };
  assert.is(step(gate.script.join('\n'), place, strict).code, 3);
  // The other job is on another runner, and gets what is in the cache.
  const { cache } = template[gate.extends] as (typeof template)[string];
  assert.is(resume.extends, gate.extends, 'both have one cache');
  assert.is(cache.when, 'always', 'also of a job that failed');
  const elsewhere = folder();
  for (const path of cache.paths) cpSync(join(place, path), join(elsewhere, path), { recursive: true });
  const later = step(resume.script.join('\n'), elsewhere, {
    ...env,
    LIMMAT_URL: vendor.server.url,
    LIMMAT_TRUST: trust,
  });
  assert.is(later.code, 0, later.stderr);
  assert.match(later.stdout, /waiting {2}0/);
  assert.is(waiting(join(elsewhere, '.limmat-spool')).length, 0);
  assert.ok(existsSync(`${files[0]}.limmat.json`));
});

test('a log that comes back under another address is the same log to the spool', async () => {
  const { files, spool } = job('a.bin');
  await vendor.server.end('SIGTERM');
  assert.match(await ends(3, 'gate', ...files, ...flags('10', spool), '--patience', '0'), /Not proven/);
  vendor.server = await serve(vendor.data);
  await run('gate', '--resume', '--trust', trust, '--url', vendor.server.url, '--spool', spool);
  assert.ok(existsSync(`${files[0]}.limmat.json`));
});

test('a log whose witnesses are away is away: the job fails with 3, and with an offline spool goes on', async () => {
  const { files, spool } = job('a.bin');
  await vendor.server.end('SIGTERM');
  const key = vkeyOf('witness.example', COSIGNATURE_ED25519, signerOf('ed25519', new Uint8Array(32).fill(8)).key);
  const policy = vendor.file('away.policy', `witness w ${formatVkey(key)} ${closed}\nquorum w\n`);
  vendor.server = await serve(vendor.data, '--policy', policy);
  const said = await ends(3, 'gate', ...files, ...flags('14', spool), '--patience', '0');
  assert.match(said, /logged and not published yet[\s\S]*Not proven\. The statement lies in/);
  const other = job('b.bin');
  const call = [...flags('15', other.spool), '--offline-spool', other.spool, '--patience', '0'];
  const ran = await limmat('gate', ...other.files, ...call);
  assert.is(ran.code, 0, ran.stderr);
  assert.match(ran.stderr, /NOT PROVEN: this release goes on WITHOUT a proof/);
  await vendor.server.end('SIGTERM');
  vendor.server = await serve(vendor.data);
  for (const folder of [spool, other.spool]) {
    await run('gate', '--resume', '--trust', trust, '--url', vendor.server.url, '--spool', folder);
  }
  assert.ok(existsSync(`${files[0]}.limmat.json`) && existsSync(`${other.files[0]}.limmat.json`));
});

test.after(async () => {
  await vendor.server.end('SIGTERM');
});
test.run();
