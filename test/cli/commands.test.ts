import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { limmat, limmatIn } from '../flow/server.ts';
import { folder } from '../folder.ts';
import { ends, ORIGIN, run } from './world.ts';

// What all commands have in common: help, exit codes, --json, and the order file < environment < flags.

type Help = { readonly name: string; readonly code: number; readonly stdout: string };

/** The helps of the commands that a help text lists below a command; a group lists its own. */
async function helpsBelow(...path: string[]): Promise<Help[]> {
  const { code, stdout } = await limmat(...path, '--help');
  const listed = /\nCommands:\n([\s\S]*?)(?:\n\n|$)/.exec(stdout)?.[1] ?? '';
  const names = [...listed.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name]) => name as string);
  const found = await Promise.all(names.filter((name) => name !== 'help').map((name) => helpsBelow(...path, name)));
  return found.length === 0 ? [{ name: path.join(' '), code, stdout }] : found.flat();
}

test('every command has --help, which tells its options, --json, --config and the exit codes', async () => {
  const helps = await helpsBelow();
  assert.ok(helps.length >= 25, 'the commands were found');
  for (const name of ['keygen', 'init', 'serve', 'submit build', 'proof', 'verify', 'fsck', 'inspect']) {
    assert.ok(
      helps.some((help) => help.name === name),
      name,
    );
  }
  for (const { name, code, stdout } of helps) {
    assert.is(code, 0, name);
    for (const part of [`Usage: limmat ${name}`, '--json', '--config', 'Exit codes:\n  0  done'])
      assert.ok(stdout.includes(part), `${name}: ${part}`);
    assert.not.match(stdout, 'default: []', name);
  }
});

test('--version is that of the package, and of the command alone: builds have versions of their own', async () => {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    version: string;
  };
  for (const flag of ['--version', '-V']) {
    const { code, stdout } = await limmat(flag);
    assert.equal([code, stdout], [0, `${version}\n`]);
  }
  assert.match(await ends(2, 'keygen', '--version'), /unknown option '--version'/);
});

test('a call that cannot be used ends with 2 and says why, with --json as one JSON object', async () => {
  await ends(2);
  assert.match(await ends(2, 'sing'), /unknown command 'sing'/);
  assert.match(await ends(2, 'keygen', '--outt', 'x'), /Did you mean --out/);
  assert.match(await ends(2, 'verify'), /missing required argument 'proof'/);
  assert.match(
    await ends(2, 'keygen', '--out', join(folder(), 'none', 'key.pem')),
    /key\.pem: there is no such file or folder$/m,
  );
  for (const args of [
    ['keygen', '--outt', 'x'],
    ['keygen'],
    ['fsck', '--data', '/nowhere'],
    ['verify', '/nowhere', '--vkey', '/nowhere'],
  ]) {
    const { error } = JSON.parse(await ends(2, ...args, '--json')) as { error: { code: string; message: string } };
    assert.is(error.code, 'bad-request');
    assert.ok(error.message.length > 10);
  }
});

test('keygen: every algorithm, mode 0600, never overwritten; the public half in all its forms', async () => {
  for (const algorithm of ['ed25519', 'p256', 'mldsa44']) {
    const out = join(folder(), 'key.pem');
    const said = await run('keygen', '--out', out, '--algorithm', algorithm);
    assert.is(statSync(out).mode & 0o777, 0o600);
    assert.match(said.kid as string, /^[0-9a-f]{64}$/);
    assert.match(said.pem as string, /^-----BEGIN PUBLIC KEY-----/);
    assert.match(await ends(2, 'keygen', '--out', out), /exists and is not overwritten/);
    const key = join(folder(), 'key.cbor');
    writeFileSync(key, Buffer.from(said.publicKey as string, 'hex'));
    assert.is((await run('inspect', key)).algorithm, algorithm);
  }
  await ends(2, 'keygen', '--out', join(folder(), 'key.pem'), '--algorithm', 'rsa');
});

test('options: configuration file, then environment, then flags; later wins', async () => {
  const cwd = folder();
  const config = join(cwd, 'limmat.yaml');
  writeFileSync(config, 'data: from-file\norigin: log.example/file\nentries: opaque\njson: true\n');
  const originOf = async (env: Record<string, string>, ...flags: string[]) => {
    const ran = await limmatIn({ cwd, env }, 'init', '--config', config, ...flags);
    assert.is(ran.code, 0, ran.stderr);
    const { origin, data } = JSON.parse(ran.stdout) as { origin: string; data: string };
    return `${data} ${origin}`;
  };
  assert.is(await originOf({}), 'from-file log.example/file');
  assert.is(await originOf({ LIMMAT_DATA: 'from-env' }), 'from-env log.example/file');
  const env = { LIMMAT_DATA: 'unused', LIMMAT_ORIGIN: 'log.example/env' };
  assert.is(await originOf(env, '--data', 'from-flag'), 'from-flag log.example/env');
  const all = { LIMMAT_CONFIG: config, LIMMAT_ORIGIN: 'log.example/env' };
  const ran = await limmatIn({ cwd, env: all }, 'init', '--data', 'third', '--origin', 'log.example/flag');
  assert.is((JSON.parse(ran.stdout) as { origin: string }).origin, 'log.example/flag');
});

test('options: a variable that is empty is not set, and hides neither the file nor a default', async () => {
  const cwd = folder();
  writeFileSync(join(cwd, 'limmat.yaml'), 'data: from-file\norigin: log.example/file\njson: true\n');
  const empty = { LIMMAT_DATA: '', LIMMAT_ORIGIN: '', LIMMAT_GUARD: '', LIMMAT_OPERATOR: '', LIMMAT_TOKEN: '' };
  const ran = await limmatIn({ cwd, env: empty }, 'init', '--config', 'limmat.yaml');
  assert.is(ran.code, 0, ran.stderr);
  const { origin, data } = JSON.parse(ran.stdout) as { origin: string; data: string };
  assert.equal([data, origin], ['from-file', 'log.example/file']);
  assert.match((await limmatIn({ env: { LIMMAT_CONFIG: '' } }, 'fsck')).stderr, /fsck takes one of --data DIR/);
});

test('options: a configuration file in YAML or JSON, with lists and numbers, and what it cannot say', async () => {
  const root = folder();
  const key = join(root, 'key.pem');
  await run('keygen', '--out', key);
  const config = join(root, 'build.json');
  const about = { product: 'kdb', 'product-version': 1.5, artifact: [key, config], key, issuer: 'acme', site: 'zrh-1' };
  writeFileSync(config, JSON.stringify({ ...about, builder: 'https://b.example', vkey: key, url: 'http://[::1]:9' }));
  // All of it was understood if nothing is missing but a vkey in that file.
  assert.match(await ends(2, 'submit', 'build', '--config', config), /is not <name>\+<key id>/);
  for (const [text, why] of [
    ['colour: red', /there is no option "colour" here/],
    ['entries: prose', /entries is one of statements, opaque/],
    ['draft: maybe', /draft is true or false/],
    ['data: [a, b]', /data is one value/],
    ['data: {a: b}', /data is a text or a number/],
    ['- data', /is not a map of names to values/],
    ['data: [', /cannot read/],
  ] as const) {
    writeFileSync(config, text);
    assert.match(await ends(2, 'init', '--origin', ORIGIN, '--config', config), why);
  }
  assert.match(await ends(2, 'init', '--config', join(root, 'none')), /there is no file/);
});

test('npx limmat from the checkout is the same command; a reader may close the pipe', async () => {
  const root = join(import.meta.dirname, '../..');
  const { stdout } = await promisify(execFile)('npx', ['--no-install', 'limmat', 'verify', '--help'], { cwd: root });
  assert.match(stdout, /^Usage: limmat verify/);
  const piped = await promisify(execFile)('sh', ['-c', 'node dist/cli/main.js init --help | true'], { cwd: root });
  assert.is(piped.stderr, '');
});

test('as it is built the command is fewer files than its sources, which leave packages to npm', () => {
  const root = join(import.meta.dirname, '../..');
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const built = readdirSync(join(root, 'dist/cli')).filter((name) => name.endsWith('.js'));
  const imported = built
    .map((name) => readFileSync(join(root, 'dist/cli', name), 'utf8'))
    .flatMap((text) => [...text.matchAll(/^import [^'"]*["']([^'"]+)["'];$|\bimport\("([^"]+)"\)/gm)])
    .map(([, from, later]) => (from ?? later) as string);
  const packages = imported.filter((name) => !/^\.|^node:/.test(name) && !isBuiltin(name));
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  assert.ok(2 * built.length < sources.length, `${built.length} files of ${sources.length}`);
  assert.ok(packages.includes('hono') && packages.includes('commander'));
  for (const name of packages) {
    assert.ok(
      Object.keys(dependencies).some((known) => name === known || name.startsWith(`${known}/`)),
      name,
    );
  }
});

test.run();
