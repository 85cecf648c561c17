import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transform } from 'esbuild';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatVkey } from '../../src/core/note.ts';
import { folder } from '../folder.ts';
import { Party } from './party.ts';

// The example in each doc comment of the published entry points: it compiles against the published types, and runs.

const root = join(import.meta.dirname, '../..');
const FILES = ['log', 'proofbundle', 'spool', 'submitter', 'trust', 'verify'];

type Example = { readonly name: string; readonly code: string };

/** Doc comments that have an example, by the first line of what they stand above. */
function examplesIn(file: string): Example[] {
  const text = readFileSync(join(root, `src/client/${file}.ts`), 'utf8');
  return [...text.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*?)\*\/\n *([^\n]+)/g)].flatMap(([, comment, line]) => {
    const code = /```ts\n([\s\S]*?)```/.exec((comment as string).replace(/^ *\* ?/gm, ''))?.[1];
    return code === undefined ? [] : [{ name: `${file}: ${line}`, code }];
  });
}

const examples = FILES.flatMap(examplesIn);

test('everything that the entry points publish and that can be called has an example', () => {
  const missing = FILES.flatMap((file) => {
    const text = readFileSync(join(root, `src/client/${file}.ts`), 'utf8');
    const published = new Set(entryPoints().match(/\b[A-Za-z]+\b/g));
    const lines =
      text.match(
        /^(?:export (?:async )?function \w+|export class \w+| {2}(?:constructor|(?:async )?\*?[a-z]\w*)\().*$/gm,
      ) ?? [];
    return lines
      .filter((line) =>
        line.startsWith(' ')
          ? ['log', 'submitter'].includes(file)
          : published.has(/(?:function|class) (\w+)/.exec(line)?.[1] ?? ''),
      )
      .filter((line) => !line.startsWith('export class'))
      .filter((line) => !/^ {2}(?:if|for|while|switch|return|throw|catch)\b/.test(line))
      .filter((line) => !examples.some(({ name }) => name === `${file}: ${line.trim()}`))
      .map((line) => `${file}: ${line}`);
  });
  assert.equal(missing, []);
  assert.ok(examples.length >= 15, `${examples.length} examples`);
});

/** The lines by which the entry points publish names. */
function entryPoints(): string {
  const texts = ['client', 'verify'].map((name) => readFileSync(join(root, `src/client/${name}.ts`), 'utf8'));
  return texts.flatMap((text) => text.match(/^export [^;]*?(?:from|\()/gm) ?? []).join('\n');
}

test('each compiles as whoever installs the package compiles it', () => {
  const place = folder();
  mkdirSync(join(place, 'node_modules/@types'), { recursive: true });
  symlinkSync(root, join(place, 'node_modules/limmat'));
  writeFileSync(join(place, 'package.json'), '{"type":"module"}');
  const given =
    'declare const url: string, vkey: string, digest: string, folder: string;\n' +
    'declare const trustFile: Uint8Array, bundleFile: Uint8Array, artifact: Uint8Array, statement: Uint8Array;\n';
  for (const [i, { code }] of examples.entries())
    writeFileSync(join(place, `e${i}.ts`), `${given}${code}\nexport {};\n`);
  const options = {
    target: 'es2023',
    lib: ['es2023', 'dom', 'dom.iterable'],
    module: 'nodenext',
    strict: true,
    noEmit: true,
    types: [],
    skipLibCheck: false,
  };
  writeFileSync(join(place, 'tsconfig.json'), JSON.stringify({ compilerOptions: options }));
  const { status, stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', place], { encoding: 'utf8' });
  assert.is(status, 0, stdout);
});

test('each runs against a live log, and what it asserts is so', async () => {
  const party = await Party.meet();
  const bundleFile = await party.bundle();
  const modules = {
    'limmat/client': await import('limmat/client'),
    'limmat/verify': await import('limmat/verify'),
  };
  const digest = `sha256:${createHash('sha256').update(party.artifact).digest('hex')}`;
  const { trustFile, artifact, url } = party;
  const vkey = formatVkey(party.trust.policy.logs[0]?.vkey as Parameters<typeof formatVkey>[0]);
  const failed: string[] = [];
  const strict = { assert: (condition: unknown, what = 'an assertion') => assert.ok(condition, what) };
  for (const { name, code } of examples) {
    const given = {
      url,
      vkey,
      trustFile,
      bundleFile,
      artifact,
      digest,
      folder: folder(),
      statement: party.statement(),
      console: strict,
    };
    const { code: plain } = await transform(
      code.replace(/import (\{[^}]*\}) from ('[^']+');/g, 'const $1 = modules[$2];'),
      { loader: 'ts' },
    );
    const body = new Function('modules', ...Object.keys(given), `return (async () => {${plain}})()`);
    try {
      await body(modules, ...Object.values(given));
    } catch (error) {
      failed.push(`${name}\n${(error as Error).stack}`);
    }
    rmSync(given.folder, { recursive: true, force: true });
  }
  await party.end();
  assert.equal(failed, []);
});

test.run();
