import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CODE } from '../../src/core/primitive/mldsa44code.ts';
import { compiled, OUT } from '../../tools/wasm.ts';

test('the WebAssembly that is committed is what its source compiles to', () => {
  assert.is(readFileSync(OUT, 'utf8'), compiled(), 'npm run build:wasm');
});

test('it imports nothing, has one page of memory, and exports what its caller uses and what stays apart', () => {
  const module = new WebAssembly.Module(Buffer.from(CODE, 'base64'));
  assert.equal(WebAssembly.Module.imports(module), []);
  const { exports } = new WebAssembly.Instance(module);
  const used = ['PART', 'PART_BYTES', 'PUBLIC_KEY', 'SIGNATURE', 'begin', 'memory', 'update', 'verdict'];
  // Exported so that they stay functions of their own: what each row goes through, and what is done once.
  const apart = ['addProducts', 'invNtt', 'residue', 'useHint', 'w1Encode'];
  const once = ['decodeZ', 'findZetas', 'hintBitUnpack', 'sampleInBall'];
  assert.equal(Object.keys(exports).sort(), [...used, ...apart, ...once].sort());
  const { buffer } = exports.memory as WebAssembly.Memory;
  assert.is(buffer.byteLength, 65_536);
});

test.run();
