import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

// The rules of the house: who may import whom (DESIGN.md section 3), what core may not touch, how long a file may be.

const root = join(import.meta.dirname, '..');

type Import = { readonly file: string; readonly folder: string; readonly target: string; readonly typeOnly: boolean };

const files = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));

const sources = files('src');
const text = (file: string) => readFileSync(join(root, file), 'utf8');

/** The folder below src that a file lies in. */
const folderOf = (file: string) => relative('src', file).split('/')[0] as string;

function importsOf(file: string): Import[] {
  const found = text(file).matchAll(/^(?:import|export)\s+(type\s)?[^;]*?from\s+'([^']+)';|import\('([^']+)'\)/gm);
  return [...found].map(([, type, from, dynamic]) => {
    const name = (from ?? dynamic) as string;
    const target = name.startsWith('.') ? folderOf(join(dirname(file), name)) : name;
    return { file, folder: folderOf(file), target, typeOnly: type !== undefined };
  });
}

const imports = sources.flatMap(importsOf);

/** What each folder may import: folders of ours, and `type:` before those it may only name types of. */
const MAY: Record<string, readonly string[]> = {
  core: ['core'],
  registry: ['core', 'registry'],
  log: ['core', 'registry', 'log'],
  witness: ['core', 'registry', 'witness'],
  monitor: ['core', 'registry', 'monitor'],
  lookup: ['core', 'registry', 'lookup'],
  store: ['core', 'store', 'type:log', 'type:lookup', 'type:witness', 'type:monitor'],
  http: ['core', 'http', 'log', 'lookup', 'witness', 'monitor', 'type:registry'],
  client: ['core', 'client', 'type:registry'],
  // A page shows what it reads in proven entries and not what an answer says of them, so it needs the kinds' schemas.
  web: ['core', 'web', 'client', 'registry'],
  cli: ['core', 'registry', 'log', 'witness', 'monitor', 'lookup', 'store', 'http', 'client', 'web', 'cli'],
};

test('imports point one way', () => {
  assert.ok(imports.length > 100, 'the imports were found');
  const ours = Object.keys(MAY);
  for (const { file, folder, target, typeOnly } of imports) {
    assert.ok(ours.includes(folder), `${file} is in a folder of its own making`);
    if (!ours.includes(target)) continue;
    const allowed = MAY[folder]?.includes(target) || (typeOnly && MAY[folder]?.includes(`type:${target}`));
    assert.ok(allowed, `${file} may not import ${target}/`);
  }
});

test('core does mathematics: @noble, primitives, and nothing of a platform', () => {
  for (const { file, target } of imports.filter(({ folder }) => folder === 'core')) {
    const primitive = file.includes('/primitive/');
    const allowed =
      target === 'core' ||
      target.startsWith('@noble/') ||
      (target.startsWith('#') && !primitive) ||
      (target === 'node:crypto' && primitive && file.endsWith('.node.ts')) ||
      (target === '@oqs/liboqs-js/sig' && primitive && file.endsWith('.wasm.ts')) ||
      (target === 'sodium-native' && primitive && file.endsWith('.sodium.ts'));
    assert.ok(allowed, `${file} may not import ${target}`);
  }
});

test('the log, the registry, witness and monitor reach outside through ports alone', () => {
  for (const { file, folder, target } of imports) {
    if (!['registry', 'log', 'lookup', 'witness', 'monitor'].includes(folder)) continue;
    const ours = ['core', 'registry', folder].includes(target) || target.startsWith('#');
    assert.ok(ours, `${file} may not import ${target}`);
  }
});

test('every import of a package is declared', () => {
  const { dependencies } = JSON.parse(text('package.json')) as { dependencies: Record<string, string> };
  for (const { file, target } of imports) {
    if (target in MAY || target.startsWith('#') || target.startsWith('node:')) continue;
    const name = target
      .split('/')
      .slice(0, target.startsWith('@') ? 2 : 1)
      .join('/');
    assert.ok(name in dependencies, `${file} imports ${name}, which is not a dependency`);
  }
});

test('no file shifts a size to 32 bits, and none takes the buffer under a view', () => {
  for (const file of sources) {
    const code = text(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    assert.not.match(code, /\.buffer\b/, `${file} uses .buffer`);
    // The linter forbids all bit operators in core; a shift anywhere else is a size that will break too. Not so in
    // AssemblyScript, where each number has a type that says how wide it is.
    if (!file.startsWith('src/cli') && !file.endsWith('.as.ts'))
      assert.not.match(code, / (?:>>>?|<<) /, `${file} shifts`);
  }
});

test('sources are erasable TypeScript that imports files by their names', () => {
  for (const file of sources) {
    const code = text(file);
    assert.not.match(code, /^\s*(?:export\s+)?(?:enum|namespace)\s/m, file);
    for (const [, name] of code.matchAll(/from '(\.[^']+)'/g))
      assert.match(name as string, /\.ts$/, `${file} imports ${name}`);
    assert.not.ok(file.endsWith('/index.ts'), `${file}: import from the file that owns the name`);
  }
});

test('every file opens with a sentence that says what it is, and ends before it is two things', () => {
  for (const file of sources) {
    const code = text(file).replace(/^#!.*\n/, '');
    assert.match(code, /^\/\*\*[\s\S]*?@module \*\/|^\/\*\*[\s\S]*?@module\n \*\//, `${file} has no opening sentence`);
    assert.ok(code.split('\n').length <= 300, `${file} is longer than 300 lines`);
  }
});

test('every source file has been named in a test or is reached from one', () => {
  const reached = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const [, name] of text(file).matchAll(/(?:from\s+|import\(|new URL\()'(\.[^']+)'/g)) {
      const next = join(dirname(file), name as string);
      if (next.endsWith('.ts')) visit(next);
    }
  };
  for (const file of files('test')) visit(file);
  // The command line and the pages are run as a whole, from what is built.
  visit('src/cli/main.ts');
  visit('src/web/main.ts');
  for (const name of ['log', 'lookup', 'mldsa', 'verify']) visit(`src/cli/threads/${name}.ts`);
  // Compiled, and run as the constant that this makes.
  visit('src/core/primitive/mldsa44verify.as.ts');
  const dead = sources.filter((file) => !reached.has(file));
  assert.equal(dead, [], 'nothing uses these files');
});

test('the top level holds what it should and nothing else', () => {
  const allowed = [
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'src',
    'schema.sql',
    'tools',
    'test',
    'deploy',
  ];
  allowed.push('README.md', 'LICENSE', 'node_modules', 'dist');
  const found = readdirSync(root).filter((name) => !name.startsWith('.') && !allowed.includes(name));
  assert.equal(found, []);
});

test.run();
