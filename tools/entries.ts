/**
 * Builds `limmat/verify` and `limmat/client` as Node gets them, into `dist/node`: each in one file, and one that both
 * share, so that `Fault` is the same of both. To load them so takes a quarter of what forty modules do. @module
 */
import { join } from 'node:path';
import { build } from 'esbuild';

await build({
  absWorkingDir: join(import.meta.dirname, '..'),
  entryPoints: ['src/client/verify.ts', 'src/client/client.ts'],
  outdir: 'dist/node',
  chunkNames: 'shared',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  conditions: ['source'],
  // For servers: neither of the two is one, so nothing of them is left.
  external: ['*/mldsa44.wasm.ts', '*/ed25519.sodium.ts'],
  // V8 reads all of it at every start.
  minify: true,
  sourcemap: true,
  legalComments: 'none',
});
