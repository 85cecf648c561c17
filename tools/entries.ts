/**
 * Builds what Node is started with, of few files instead of some two hundred, of which each costs a start some 0.2 ms:
 * `limmat/verify` and `limmat/client` into `dist/node`, where the second takes from the first what both share, as the
 * one name `internal` beside the public ones, so that `Fault` is the same of both; and the command with its threads into
 * `dist/cli`. @module
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';

/**
 * What of `node:crypto` is used, taken from it alone: an import reads all that it has, WebCrypto too, and so loads that.
 * A name that is missing here fails the build, and so does one that nothing imports.
 */
const USED = ['createPrivateKey', 'createPublicKey', 'hash', 'sign', 'verify'];
const crypto: Plugin = {
  name: 'crypto',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:crypto$/ }, ({ path }) => ({ path, namespace: 'builtin' }));
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => {
      return { contents: `export const { ${USED} } = process.getBuiltinModule('${path}')` };
    });
  },
};

const root = join(import.meta.dirname, '..');
const common = {
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  conditions: ['source'],
  sourcemap: true,
  legalComments: 'none',
} as const satisfies BuildOptions;

const client = await build({
  ...common,
  entryPoints: ['src/client/verify.ts', 'src/client/client.ts'],
  outdir: 'dist/node',
  chunkNames: 'shared',
  write: false,
  plugins: [crypto],
  // For servers: neither of the two is one, so nothing of them is left.
  external: ['*/mldsa44.wasm.ts', '*/ed25519.sodium.ts'],
  // V8 reads all of it at every start.
  minify: true,
  metafile: true,
});

const text = (name: string): string => client.outputFiles.find(({ path }) => path.endsWith(`/${name}`))?.text ?? '';
const written: Readonly<Record<string, string>> = {
  'verify.js': joined(text('verify.js'), text('shared.js')),
  'verify.js.map': text('shared.js.map'),
  'client.js': taking(text('client.js')),
  'client.js.map': text('client.js.map'),
};
mkdirSync(join(root, 'dist/node'), { recursive: true });
for (const [name, content] of Object.entries(written)) writeFileSync(join(root, 'dist/node', name), content);
// What an earlier build left would be published too.
for (const name of readdirSync(join(root, 'dist/node'))) if (!(name in written)) rmSync(join(root, 'dist/node', name));

/** The names of an import or an export, as esbuild writes them: of `A as B,C` they are `[A, B]` and `[C, C]`. */
function pairs(list: string): [string, string][] {
  return list.split(',').map((pair) => {
    const [one = '', other = one] = pair.split(' as ');
    return [one, other];
  });
}

/** `{A:B,C}`, which makes an object as well as it takes one apart. */
function braced(names: Iterable<readonly [string, string]>): string {
  return `{${[...names].map(([name, local]) => (name === local ? name : `${name}:${local}`))}}`;
}

/**
 * What both share, with what `verify.js` exports of it: one file less to find, which takes 0.6 ms. Throws if `verify.js`
 * has code of its own, which would be lost, or if esbuild writes these lists in another form.
 */
function joined(verify: string, shared: string): string {
  const [, imports, exports] = /^import\{([^{}]+)\}from"\.\/shared\.js";export\{([^{}]+)\};\n.*\n$/.exec(verify) ?? [];
  const [end, all] = /export\{([^{}]+)\};\n\/\/# sourceMappingURL=shared\.js\.map\n$/.exec(shared) ?? [];
  if (!imports || !exports || !end || !all) {
    throw new Error('tools/entries.ts: verify.js is not only names of what is shared');
  }
  const locals = new Map(pairs(all).map(([local, alias]) => [alias, local]));
  const aliases = new Map(pairs(imports).map(([alias, local]) => [local, alias]));
  const names = pairs(exports).map(([local, name]) => `${locals.get(aliases.get(local) as string)} as ${name}`);
  const internal = `export const internal=${braced(locals)};`;
  return `${shared.slice(0, -end.length)}export{${names}};${internal}\n//# sourceMappingURL=verify.js.map\n`;
}

/**
 * `client.js`, which takes what is shared out of `internal`; with as many spaces behind it as the columns in its source
 * map ask for. Throws if esbuild writes this import in another form.
 */
function taking(client: string): string {
  const [written, imports] = /^import\{([^{}]+)\}from"\.\/shared\.js";/.exec(client) ?? [];
  const taken = `import{internal}from"./verify.js";const${braced(pairs(imports ?? ''))}=internal;`;
  if (!written || taken.length > written.length || client.split('./shared.js').length !== 2) {
    throw new Error('tools/entries.ts: client.js does not begin with the one import of what is shared');
  }
  return taken.padEnd(written.length) + client.slice(written.length);
}

const imported = Object.keys(client.metafile.inputs)
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) => [...readFileSync(join(root, file), 'utf8').matchAll(/import \{([^}]*)\} from 'node:crypto'/g)])
  .join();
const unused = USED.filter((name) => !new RegExp(`\\b${name}\\b`).test(imported));
if (unused.length > 0)
  throw new Error(`tools/entries.ts: nothing imports ${unused.join(', ')} of node:crypto any more`);

// All in one folder, so that what finds files beside itself finds them; the names in a stack are those of the sources.
const command = {
  ...common,
  outdir: 'dist/cli',
  // What is fixed in a package must reach who runs `npm update`, though a start would be a tenth quicker without them.
  packages: 'external',
  sourcesContent: false,
  metafile: true,
} as const satisfies BuildOptions;
const threads = ['log', 'lookup', 'mldsa', 'verify'].map((name) => `src/cli/threads/${name}.ts`);
// Apart, as what is shared with each of the commands in its own way would be two dozen files for every thread to find.
const built = [
  await build({ ...command, entryPoints: ['src/cli/main.ts'] }),
  await build({ ...command, entryPoints: threads }),
];

// What an earlier build left. Nothing of this one is ever missing, though tests or a log may be running meanwhile.
for (const { parentPath, name } of readdirSync(join(root, 'dist/cli'), { recursive: true, withFileTypes: true })) {
  if (!built.some(({ metafile }) => `dist/cli/${name}` in metafile.outputs))
    rmSync(join(parentPath, name), { recursive: true, force: true });
}
