/**
 * Builds `limmat/verify` and `limmat/client` as Node gets them, into `dist/node`: each in one file, and one that both
 * share, so that `Fault` is the same of both. To load them so takes a quarter of what forty modules do. @module
 */
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

/**
 * What of `node:crypto` is used, taken from it alone: an import reads all that it has, WebCrypto too, and so loads that.
 * A name that is missing here fails the build.
 */
const USED = ['createHash', 'createPrivateKey', 'createPublicKey', 'hash', 'sign', 'verify'];
const crypto: Plugin = {
  name: 'crypto',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:crypto$/ }, ({ path }) => ({ path, namespace: 'builtin' }));
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => {
      return { contents: `export const { ${USED} } = process.getBuiltinModule('${path}')` };
    });
  },
};

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
  plugins: [crypto],
  // For servers: neither of the two is one, so nothing of them is left.
  external: ['*/mldsa44.wasm.ts', '*/ed25519.sodium.ts'],
  // V8 reads all of it at every start.
  minify: true,
  sourcemap: true,
  legalComments: 'none',
});
