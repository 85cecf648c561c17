import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Party } from './party.ts';

// `limmat/verify` as a page, a worker or an edge function gets it: one file of what is published, with nothing of Node.

const root = join(import.meta.dirname, '../..');

const { outputFiles, metafile } = await build({
  stdin: { contents: "export * from 'limmat/verify';", resolveDir: root },
  bundle: true,
  minify: true,
  format: 'iife',
  globalName: 'limmat',
  platform: 'browser',
  write: false,
  metafile: true,
});
const [{ contents: bytes, text: code }] = outputFiles as [(typeof outputFiles)[number]];

test('nothing of Node is in it, and it is made of what is published', () => {
  const inputs = Object.keys(metafile.inputs);
  assert.ok(inputs.includes('dist/client/verify.js'), inputs.join());
  assert.equal(
    inputs.filter((path) => /^node:|\.node\.|^src\//.test(path)),
    [],
  );
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path));
  assert.equal(imports, []);
  assert.not.match(code, /["'`]node:|\brequire\(["'`]/);
});

test('it is as small as the README says', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const said = Number(/about (\d+) kB of JavaScript with gzip/.exec(readme)?.[1]);
  const size = gzipSync(bytes, { level: 9 }).length / 1000;
  assert.ok(Math.abs(size - said) < 2, `it has ${size.toFixed(1)} kB, the README says ${said}`);
});

test('in a context that has nothing but the globals of the web it says the same as in Node', async () => {
  const party = await Party.meet();
  const { TextEncoder, TextDecoder, atob, btoa, URL, crypto } = globalThis;
  const context = createContext(
    { TextEncoder, TextDecoder, atob, btoa, URL, crypto },
    { codeGeneration: { strings: false, wasm: false } },
  );
  runInContext(`'use strict'; ${code}; globalThis.limmat = limmat;`, context);
  assert.is(runInContext('typeof process + typeof Buffer + typeof require', context), 'undefinedundefinedundefined');
  const { trustFile, artifact } = party;
  Object.assign(context, { trustFile, artifact, bundleFile: await party.bundle() });
  const ask = (file: string) =>
    runInContext(
      `try {
         const { artifact: name, enrolment } = limmat.verify(bundleFile, limmat.parseTrust(trustFile), { file: ${file} });
         [name, enrolment.organisation].join();
       } catch (error) { error.code }`,
      context,
    ) as string;
  // Arrays of another realm are what a page gets from a frame or a worker.
  assert.is(ask('artifact'), 'app.bin,acme');
  assert.is(ask('new Uint8Array(artifact)'), 'app.bin,acme');
  assert.is(ask('new Uint8Array(3)'), 'bad-proof');
  await party.end();
});

test.run();
