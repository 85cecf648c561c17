/**
 * Builds the pages for people into `dist/web`, which a log serves at `/`; with `--static`, into `dist/site` as a site of
 * its own (or into `--out FOLDER`) that reads the log at `--log URL` (or at `?log=` in its address). Names carry hashes;
 * files lie compressed. A log that starts meanwhile finds the pages of before or those of now, whole. @module
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { world } from './world.ts';

const root = join(import.meta.dirname, '../..');
const { values } = parseArgs({
  options: {
    static: { type: 'boolean', default: false },
    log: { type: 'string', default: '' },
    out: { type: 'string' },
  },
});
const out = resolve(values.out ?? join(root, values.static ? 'dist/site' : 'dist/web'));

const { metafile, outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: { limmat: 'src/web/main.ts', style: 'src/web/style.css', icon: 'src/web/icon.svg' },
  outdir: join(out, 'web'),
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  // The browser's side of the package's own import map: @noble instead of node:crypto.
  conditions: ['source'],
  loader: { '.svg': 'copy' },
  minify: true,
  metafile: true,
  write: false,
  legalComments: 'none',
});

const made = Object.entries(metafile.outputs);
const named = (entry: string) =>
  relative(out, join(root, made.find(([, { entryPoint }]) => entryPoint === entry)?.[0] ?? ''));
const written = new Set<string>();
for (const { path, contents } of outputFiles) write(relative(out, path), contents);
const map = JSON.stringify(world());
const mapName = `web/world-${createHash('sha256').update(map).digest('hex').slice(0, 8)}.json`;
write(mapName, map);

// A static site has no server that sends this as a header; it reads logs elsewhere, and nothing else from there.
const policy = `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src *; base-uri 'none'; form-action 'none'`;
const page = readFileSync(join(root, 'src/web/index.html'), 'utf8')
  .replace('<!-- policy -->', values.static ? `<meta http-equiv="content-security-policy" content="${policy}" />` : '')
  .replace('STYLE', named('src/web/style.css'))
  .replace('SCRIPT', named('src/web/main.ts'))
  .replace('ICON', made.map(([name]) => relative(out, join(root, name))).find((name) => name.endsWith('.svg')) ?? '')
  .replace('WORLD', mapName)
  .replace('LOG', attribute(values.static ? values.log || 'ask' : ''));
write('index.html', page);
// What an earlier build left, and nothing else of a folder that somebody names.
for (const name of readdirSync(join(out, 'web'))) if (!written.has(`web/${name}`)) rmSync(join(out, 'web', name));

function attribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}

function write(name: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(out, name)), { recursive: true });
  put(name, content);
  put(`${name}.br`, brotliCompressSync(content));
  put(`${name}.gz`, gzipSync(content, { level: 9 }));
}

/** Writes a file that nobody can read half. */
function put(name: string, content: string | Uint8Array): void {
  const path = join(out, name);
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
  written.add(name);
}
