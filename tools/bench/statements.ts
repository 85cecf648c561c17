/** Signed builds to log, as many as are wanted, by the vendor of the demo. @module */
import { writeFileSync } from 'node:fs';
import { writeByteStrings } from '../../src/core/cbor.ts';
import { buildStatement, openWorld, policyFields, type World } from '../vendor.ts';

/** Builds of one run of numbers are never those of another. */
export function* builds(world: World, first: number, count: number): Generator<Uint8Array> {
  for (let n = first; n < first + count; n++) {
    yield buildStatement(world, {
      packageUrl: `pkg:npm/conveyer@${n}`,
      product: 'conveyer',
      version: String(n),
      artifact: { name: `conveyer-${n}.tgz`, digests: { sha256: digestOf(n) } },
    });
  }
}

/** The digest of the n-th artifact. */
export function digestOf(n: number): Uint8Array {
  const digest = new Uint8Array(32);
  new DataView(digest.buffer).setFloat64(0, n);
  return digest;
}

/** Makes the keys of everyone below `folder`, and the flags by which `limmat init` takes them. */
export function makeWorld(folder: string): { world: World; flags: string[] } {
  const world = openWorld(`${folder}/keys`);
  const policy = `${folder}/policy.json`;
  writeFileSync(policy, JSON.stringify(policyFields(world)));
  return { world, flags: ['--operator-key', `${world.keys}/operator.pem`, '--policy', policy] };
}

/** Writes request bodies for the load generator: one statement each, or CBOR sequences of `batch` of them. */
export function writeBodies(path: string, statements: Iterable<Uint8Array>, batch: number): void {
  const parts: Uint8Array[] = [];
  const put = (body: Uint8Array) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    parts.push(length, body);
  };
  let together: Uint8Array[] = [];
  for (const statement of statements) {
    together.push(statement);
    if (together.length < batch) continue;
    put(batch === 1 ? statement : writeByteStrings(together));
    together = [];
  }
  writeFileSync(path, Buffer.concat(parts));
}
