import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { build } from 'esbuild';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatBundle, parseBundle } from '../../src/client/proofbundle.ts';
import { fromUtf8, toBase64, utf8 } from '../../src/core/bytes.ts';
import { decodeStatement, entryIdOf } from '../../src/core/cose.ts';
import { COSIGNATURE_ED25519, formatVkey, NOTE_ED25519, vkeyOf } from '../../src/core/note.ts';
import { signerOf } from '../../src/core/signature.ts';
import { parseTlogProof } from '../../src/core/tlogproof.ts';
import { flipBit } from '../check.ts';
import { folder } from '../folder.ts';
import { Party } from './party.ts';

// `limmat/verify` as it is published, in every runtime that is to be had here: each says the same of the same bundles.

const root = join(import.meta.dirname, '../..');

const party = await Party.meet('p256');
const bundle = await party.bundle();
const entry = parseTlogProof(parseBundle(bundle).proof).extra as Uint8Array;
const transparent = await party.log.client.get(`entries/${entryIdOf(decodeStatement(entry).id)}/transparent-statement`);
const trust = fromUtf8(party.trustFile, 'bad-policy');
await party.end();

type Case = { readonly bundle: Uint8Array; readonly trust: string; readonly file: string };
const good: Case = { bundle, trust, file: 'what was built' };

const { proof, enrolment } = parseBundle(bundle) as { proof: Uint8Array; enrolment: Uint8Array };
const [ed25519, mldsa] = (JSON.parse(trust) as { policy: string[] }).policy as [string, string];
const { key } = signerOf('ed25519', new Uint8Array(32).fill(8));
const witness = formatVkey(vkeyOf('witness.example', COSIGNATURE_ED25519, key));
const stranger = formatVkey(vkeyOf(party.log.trust.policy.logs[0]?.vkey.name as string, NOTE_ED25519, key));

/** The bundle with another digit of base64 in its proof, the one that `place` ends with. */
function tampered(place: RegExp): Case {
  const text = fromUtf8(proof, 'bad-proof');
  const changed = text.replace(place, (found) => found.slice(0, -1) + (found.endsWith('A') ? 'B' : 'A'));
  assert.is.not(changed, text, `${place} is in the proof`);
  return { ...good, bundle: utf8(formatBundle({ proof: utf8(changed), enrolment })) };
}

/** What each runtime is asked, and what it must say: a name and an organisation, or the code of a fault. */
const CASES: readonly (readonly [string, Case, string])[] = [
  ['a bundle', good, 'app.bin of acme'],
  ['only the Ed25519 key pinned', { ...good, trust: `${ed25519}\nquorum none\n` }, 'app.bin of acme'],
  ['only the ML-DSA key pinned', { ...good, trust: `${mldsa}\nquorum none\n` }, 'app.bin of acme'],
  ['a bare proof', { ...good, bundle: proof }, 'app.bin of somebody'],
  ['another file', { ...good, file: 'something else' }, 'bad-proof'],
  ['an entry that was changed', tampered(/^extra .{300}/m), 'bad-proof'],
  ['a root that was changed', tampered(/\n\n.*\n.*\n.{9}/), 'bad-signature'],
  ['an Ed25519 signature that was changed', tampered(/^— \S+ .{40}(?=.{0,60}$)/m), 'bad-signature'],
  ['an ML-DSA signature that was changed', tampered(/^— \S+ .{1000}/m), 'bad-signature'],
  ['the key of another log', { ...good, trust: `log ${stranger}\nquorum none\n` }, 'unknown-signer'],
  ['a quorum that is not met', { ...good, trust: `${ed25519}\nwitness w ${witness}\nquorum w\n` }, 'no-quorum'],
  ['a Transparent Statement', { ...good, bundle: transparent }, 'app.bin of somebody'],
  [
    'a Transparent Statement with another signature',
    { ...good, bundle: flipBit(transparent, 8 * 300) },
    'bad-signature',
  ],
  ['as enrolment a build', { ...good, bundle: utf8(formatBundle({ proof, enrolment: proof })) }, 'bad-proof'],
];

/** A program that depends on the package, which lies there as npm would unpack it. */
const consumer = folder();
const write = (name: string, content: string | Uint8Array) => writeFileSync(join(consumer, name), content);
mkdirSync(join(consumer, 'node_modules/limmat'), { recursive: true });
const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', consumer];
const archive = execFileSync('npm', pack, { cwd: root, encoding: 'utf8' }).trim();
execFileSync('tar', ['xzf', archive, '-C', 'node_modules/limmat', '--strip-components=1'], { cwd: consumer });
symlinkSync(join(root, 'node_modules/@noble'), join(consumer, 'node_modules/@noble'));
write('package.json', JSON.stringify({ type: 'module', dependencies: { limmat: '*' } }));
const asked = CASES.map(([, { bundle: bytes, ...rest }]) => ({ ...rest, bundle: toBase64(bytes) }));
write('cases.js', `export const cases = ${JSON.stringify(asked)};`);
write(
  'report.js',
  `import { Fault, parseTrust, verify } from 'limmat/verify';
   import { cases } from './cases.js';
   const utf8 = (text) => new TextEncoder().encode(text);
   const fromBase64 = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
   function answer({ bundle, trust, file }) {
     try {
       const { artifact, enrolment } = verify(fromBase64(bundle), parseTrust(utf8(trust)), { file: utf8(file) });
       return artifact + ' of ' + (enrolment?.organisation ?? 'somebody');
     } catch (error) {
       return error instanceof Fault ? error.code : String(error);
     }
   }
   export const report = () => 'SAID ' + JSON.stringify(cases.map(answer)) + ' END';`,
);

/** As those bundle it who deploy to the edge or to pages. */
async function bundled(program: string, format: 'esm' | 'iife', conditions: string[]): Promise<string> {
  const stdin = { contents: program, resolveDir: consumer };
  const { outputFiles } = await build({ stdin, bundle: true, format, conditions, platform: 'browser', write: false });
  return outputFiles[0]?.text as string;
}

type Runtime = {
  /** Where `.ci/run` puts it: those that npm has are too large to be dependencies. */
  readonly packaged?: string;
  /** Makes what it runs, and says with which arguments. */
  readonly prepare: () => Promise<readonly string[]> | readonly string[];
};

const PRINTED = "import { report } from './report.js'; console.log(report());";
const printed =
  (...args: string[]): Runtime['prepare'] =>
  () => {
    write('printed.js', PRINTED);
    return [...args, 'printed.js'];
  };
const RUNTIMES: Record<string, Runtime> = {
  node: { prepare: printed() },
  // With no permission at all.
  deno: { packaged: '@deno/linux-x64-glibc/deno', prepare: printed('run', '--no-prompt') },
  bun: { packaged: '@oven/bun-linux-x64/bin/bun', prepare: printed('run') },
  workerd: {
    packaged: '@cloudflare/workerd-linux-64/bin/workerd',
    async prepare() {
      const program = "import { report } from './report.js'; export default { test() { console.log(report()); } };";
      write('worker.js', await bundled(program, 'esm', ['workerd', 'worker', 'browser']));
      const module = '(name = "worker", esModule = embed "worker.js")';
      const worker = `(compatibilityDate = "2026-01-01", modules = [${module}])`;
      const services = `services = [(name = "main", worker = ${worker})]`;
      write('worker.capnp', `using W = import "/workerd/workerd.capnp";\nconst config :W.Config = (${services});\n`);
      return ['test', 'worker.capnp'];
    },
  },
  chromium: {
    async prepare() {
      const program = "import { report } from './report.js'; document.body.textContent = report();";
      const script = (await bundled(program, 'iife', [])).replaceAll('</script', '<\\/script');
      write('page.html', `<!doctype html><meta charset="utf-8"><body><script>${script}</script>`);
      const quiet = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];
      return [
        '--headless',
        ...quiet,
        `--user-data-dir=${join(consumer, 'profile')}`,
        '--dump-dom',
        `file://${consumer}/page.html`,
      ];
    },
  },
};

/** The program of a runtime, on PATH or where it was put; undefined where there is none. */
function find(name: string, packaged?: string): string | undefined {
  const onPath = (process.env.PATH ?? '').split(delimiter).map((place) => join(place, name));
  return [...onPath, ...(packaged ? [join(root, '.runtimes/node_modules', packaged)] : [])].find(existsSync);
}

for (const [name, { packaged, prepare }] of Object.entries(RUNTIMES)) {
  const program = find(name, packaged);
  if (program === undefined) {
    console.log(`skipped: limmat/verify in ${name}, which is neither on PATH nor in .runtimes; see .ci/run`);
    continue;
  }
  test(`${name} says what must be said`, async () => {
    const args = await prepare();
    const { stdout, stderr } = spawnSync(program, args, { cwd: consumer, encoding: 'utf8', timeout: 60_000 });
    const [, said] = /SAID (\[.*?\]) END/.exec(stdout) ?? [];
    assert.ok(said, `${stdout.slice(-1000)}${stderr.slice(-1000)}`);
    const answers = JSON.parse(said as string) as string[];
    assert.equal(
      CASES.map(([what], i) => [what, answers[i]]),
      CASES.map(([what, , expected]) => [what, expected]),
    );
  });
}

test('on Node it is one file, which takes nothing but node:crypto', () => {
  const read = (name: string) => readFileSync(join(consumer, 'node_modules/limmat/dist/node', name), 'utf8');
  const verify = read('verify.js');
  assert.equal([...verify.matchAll(/\b(?:from\s*|import[\s(]*)"([^"]+)"/g)], []);
  const { sources } = JSON.parse(read('verify.js.map')) as { sources: string[] };
  assert.equal(
    sources.filter((source) => source.includes('node_modules')),
    [],
    'a package that it carries takes milliseconds to load',
  );
  assert.equal(
    [...verify.matchAll(/getBuiltinModule\(([^)]*)\)/g)].map(([, name]) => name),
    ['"node:crypto"'],
  );
  assert.is(Buffer.byteLength(verify), verify.length, 'with one other character, V8 keeps all as two bytes each');
});

test('limmat/client has the same Fault, so that one `instanceof` does for both', () => {
  const program =
    "import * as c from 'limmat/client'; import * as v from 'limmat/verify'; console.log(c.Fault === v.Fault)";
  const args = ['--input-type=module', '-e', program];
  assert.is(execFileSync(process.execPath, args, { cwd: consumer, encoding: 'utf8' }).trim(), 'true');
});

test('on Node they have the names that they have elsewhere, and what is for limmat/client is behind one that says so', () => {
  const names = (entry: string, ...conditions: string[]): string[] => {
    const program = `console.log(JSON.stringify(Object.keys(await import('${entry}'))))`;
    const args = [...conditions, '--input-type=module', '-e', program];
    return JSON.parse(execFileSync(process.execPath, args, { cwd: consumer, encoding: 'utf8' })) as string[];
  };
  const published = join(consumer, 'node_modules/limmat/dist/client');
  assert.equal(names('limmat/verify'), [...names(`${published}/verify.js`), 'internal'].sort());
  assert.equal(names('limmat/client'), names(`${published}/client.js`));
});

test.run();
