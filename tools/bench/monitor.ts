/**
 * `node --conditions=source --import tsx tools/bench/monitor.ts [opaque] [signed]`: how fast a monitor catches up with a
 * log of so many entries, what memory that takes, and what following 50 idle logs costs. The log is static files in
 * memory behind a function, the database is on disk. Prints and never judges. @module
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packBundle } from '../../src/core/bundle.ts';
import { HASH_BYTES, utf8 } from '../../src/core/bytes.ts';
import { formatCheckpoint } from '../../src/core/checkpoint.ts';
import { signedMessage, toNoteSignature } from '../../src/core/cosignature.ts';
import { openLeaves } from '../../src/core/expanded.ts';
import { Fault } from '../../src/core/fault.ts';
import { leafHashInto } from '../../src/core/hash.ts';
import { formatNote, NOTE_ED25519, vkeyOf } from '../../src/core/note.ts';
import { accelerate, signerOf } from '../../src/core/signature.ts';
import { partialTiles, TILE_WIDTH, tilePath } from '../../src/core/tile.ts';
import { append, EMPTY_EDGE, rootOf } from '../../src/core/tree.ts';
import { type FollowedLog, Monitor } from '../../src/monitor/monitor.ts';
import { EMPTY_WATCH } from '../../src/monitor/watch.ts';
import { openMonitorStore } from '../../src/store/monitor.ts';
import { beginning, buildOf, ORIGIN } from './vendorlog.ts';

await accelerate(); // as the command does
const [opaque = 200_000, signed = 20_000] = process.argv.slice(2).map(Number);
const FOLDER = mkdtempSync(join(tmpdir(), 'limmat-monitor-'));
process.once('exit', () => rmSync(FOLDER, { recursive: true, force: true }));

type Files = ReadonlyMap<string, Uint8Array>;
const signer = signerOf('ed25519', new Uint8Array(32).fill(7));

/** The static files of a log of these entries. */
function filesOf(origin: string, entries: readonly Uint8Array[]): Files {
  const files = new Map<string, Uint8Array>();
  const leaves = new Uint8Array(HASH_BYTES * entries.length);
  for (const [i, entry] of entries.entries()) leafHashInto(entry, leaves, i);
  const { edge, full } = append(EMPTY_EDGE, leaves);
  for (const { level, n, tile } of full) files.set(tilePath({ level, n, width: TILE_WIDTH }), openLeaves(tile));
  for (const { level, n, width } of partialTiles(entries.length)) {
    files.set(tilePath({ level, n, width }), openLeaves(edge.open[level] as (typeof edge.open)[number]));
  }
  for (let n = 0; n * TILE_WIDTH < entries.length; n++) {
    const some = entries.slice(n * TILE_WIDTH, (n + 1) * TILE_WIDTH);
    files.set(tilePath({ level: 'entries', n, width: some.length }), packBundle(some));
  }
  const vkey = vkeyOf(origin, NOTE_ED25519, signer.key);
  const text = formatCheckpoint({ origin, size: entries.length, root: rootOf(edge) });
  const line = toNoteSignature(vkey, signer.sign(signedMessage(vkey, text, 0)), 0);
  return files.set('checkpoint', utf8(formatNote({ text, signatures: [line] })));
}

function monitorOf(logs: ReadonlyMap<string, Files>, name: string): Monitor {
  const read = (origin: string, path: string) => {
    const bytes = logs.get(origin)?.get(path);
    if (!bytes) throw new Fault('unknown-resource', `${path} is not there`);
    return bytes;
  };
  const followed = [...logs.keys()].map((origin): FollowedLog => {
    const get = async (path: string) => read(origin, path);
    return {
      keys: { origin, vkeys: [vkeyOf(origin, NOTE_ED25519, signer.key)], witnesses: [] },
      policy: undefined,
      copies: [{ name: origin, get, fresh: get }],
      sources: { copies: [origin], witnesses: [], peers: [], distributors: [], most: 0 },
      freshness: 1e9,
    };
  });
  return new Monitor({
    logs: followed,
    store: openMonitorStore(join(FOLDER, name)),
    ask: async (url) => ({ status: 200, body: Uint8Array.from(read(url.replace('/checkpoint', ''), 'checkpoint')) }),
    clock: () => new Date(),
    pick: () => 0,
    watch: () => EMPTY_WATCH,
    grace: 0,
    startAtEnd: false,
    note: (origin, what, message) => console.error(origin, what, message),
  });
}

async function catchUp(what: string, origin: string, entries: readonly Uint8Array[]): Promise<void> {
  const monitor = monitorOf(new Map([[origin, filesOf(origin, entries)]]), `${what}.db`);
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  const code = await monitor.round();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const grown = Math.round((process.memoryUsage().rss - before) / 2 ** 20);
  const rate = Math.round(entries.length / seconds);
  console.log(
    `${what}: ${entries.length} entries in ${seconds.toFixed(1)} s, ${rate}/s, ${((user + system) / 1e6).toFixed(1)} s of processor, ${grown} MiB more, code ${code}`,
  );
}

async function idle(count: number, rounds: number): Promise<void> {
  const entries = [utf8('one'), utf8('two')];
  const names = Array.from({ length: count }, (_, n) => `idle.example/${n}`);
  const monitor = monitorOf(new Map(names.map((name) => [name, filesOf(name, entries)])), 'idle.db');
  await monitor.round();
  const cpu = process.cpuUsage();
  for (let round = 0; round < rounds; round++) await monitor.round();
  const { user, system } = process.cpuUsage(cpu);
  const each = (user + system) / 1000 / rounds;
  console.log(
    `idle: a round over ${count} logs takes ${each.toFixed(1)} ms of processor (without sockets); at one each 300 s that is ${((each / 300_000) * 100).toFixed(4)} % of a core`,
  );
}

const bytes = Array.from({ length: opaque }, (_, n) => utf8(`entry ${n} ${'.'.repeat(200)}`));
await catchUp('opaque', 'bench.example/opaque', bytes);
const builds = [...beginning(), ...Array.from({ length: signed }, (_, n) => buildOf(n))];
await catchUp('signed', ORIGIN, builds);
await idle(50, 20);
