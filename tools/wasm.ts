/**
 * `npm run build:wasm`: compiles what is in AssemblyScript, the verification of ML-DSA-44, and writes it as the constant
 * that the package has of it. It is committed, so that neither a build nor a user needs the compiler. @module
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const COMPILER = 'node_modules/assemblyscript/bin/asc.js';
const SOURCE = 'src/core/primitive/mldsa44verify.as.ts';
export const OUT = join(root, 'src/core/primitive/mldsa44code.ts');

/** The text of `OUT`, made anew. */
export function compiled(): string {
  const folder = mkdtempSync(join(tmpdir(), 'limmat-wasm-'));
  try {
    const file = join(folder, 'code.wasm');
    // No runtime, as it allocates nothing. In a process of its own: compiling takes four seconds there, 14 under tsx.
    execFileSync(process.execPath, [COMPILER, SOURCE, '-O3', '--runtime', 'stub', '--outFile', file], { cwd: root });
    const code = readFileSync(file).toString('base64');
    return `/** \`mldsa44verify.as.ts\` in WebAssembly, made by \`npm run build:wasm\`; a test makes it again. @module */
export const CODE =
  '${code}';
`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] === import.meta.filename) writeFileSync(OUT, compiled());
