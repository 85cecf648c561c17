/** Whole logs for tests that change them: statements of the demo's vendor, made through a real server, then closed. */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { LogClient } from '../../src/client/logclient.ts';
import { buildStatement, governance, ORIGIN, openWorld, policyFields, type World } from '../../tools/vendor.ts';
import { folder } from '../folder.ts';
import { limmat, serve } from './server.ts';

export { ORIGIN };

export type BuiltLog = {
  readonly root: string;
  readonly data: string;
  readonly guard: string;
  readonly database: string;
  readonly vkey: string;
  /** The static copy. */
  readonly copy: string;
  readonly world: World;
};

function partsIn(root: string, world: World): BuiltLog {
  const data = join(root, 'log');
  const copy = join(root, 'copy');
  return { root, data, guard: `${data}.guard`, database: `${data}/log.db`, vkey: `${data}/log.vkey`, copy, world };
}

/** The signed statement of the build number `n`. */
export function buildOf(world: World, n: number): Uint8Array {
  const digests = { sha256: new Uint8Array(32).fill(n % 256) };
  const artifact = { name: `kdb-${n}.cab`, digests, size: n };
  return buildStatement(world, { packageUrl: `pkg:generic/kdb@${n}`, product: 'kdb', version: String(n), artifact });
}

/** A log with two entries of its own, five of its vendor, and builds up to `size`, published in steps. */
export async function builtLog(size: number): Promise<BuiltLog> {
  const root = folder();
  const world = openWorld(join(root, 'keys'));
  const log = partsIn(root, world);
  writeFileSync(join(root, 'policy.json'), JSON.stringify(policyFields(world)));
  const keys = ['--operator-key', `${world.keys}/operator.pem`, '--policy', join(root, 'policy.json')];
  const made = await limmat('init', '--data', log.data, '--origin', ORIGIN, ...keys);
  assert.is(made.code, 0, made.stderr);
  const server = await serve(log.data, '--export', log.copy);
  const client = new LogClient(server.url, fetch);
  const statements = [...governance(world), ...Array.from({ length: size - 7 }, (_, n) => buildOf(world, n))];
  for (let at = 0; at < statements.length; at += 100) {
    const outcomes = await client.submitBatch(statements.slice(at, at + 100));
    for (const outcome of outcomes) if ('fault' in outcome) throw outcome.fault;
  }
  assert.is(await server.end('SIGTERM'), 0, server.stderr());
  return log;
}

/** The same log in another folder, to do with as one likes. */
export function copyOf(log: BuiltLog): BuiltLog {
  const root = folder();
  cpSync(log.root, root, { recursive: true });
  return partsIn(root, log.world);
}
