/**
 * Replays a whole log from its public tiles, each authenticated before it is believed, and proves what it finds: a
 * finding carries the inclusion proof of its entry, so that whoever has the keys of the log can check it. @module
 */
import { fromUtf8, toHex } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import type { Reader } from '../core/reader.ts';
import { TILE_WIDTH } from '../core/tile.ts';
import { formatTlogProof } from '../core/tlogproof.ts';
import { Repeats } from './repeats.ts';
import { isPolicy, Replay, type ReplayFinding } from './replay.ts';

/** A finding, and a `tlog-proof@v1` with the entry that it is about. */
export type ProvenFinding = ReplayFinding & { readonly leafHash: string; readonly proof: string };

export type Replayed = {
  /** Entries that the rules forbid, or whose signature is bad. */
  readonly findings: readonly ProvenFinding[];
  /** Statements that are logged twice. */
  readonly warnings: readonly ProvenFinding[];
};

/** Every bundle in its order, up to the head of the reader, whose signed note is `checkpoint`. */
export async function replayLog(
  reader: Reader,
  checkpoint: Uint8Array,
  progress: (done: number) => void = () => {},
): Promise<Replayed> {
  const { size } = reader.head;
  const read = (index: number) => readEntry(reader, index);
  const repeats = new Repeats();
  const replay = new Replay(read, ({ index, statement }) => repeats.take(index, statement.id));
  const findings: ReplayFinding[] = [];
  let next = size === 0 ? undefined : reader.entries(0);
  for (let n = 0; next !== undefined; n++) {
    const entries = await next;
    if (n === 0) requirePolicy(entries[0] as Uint8Array);
    const done = n * TILE_WIDTH + entries.length;
    // The next one is on its way while this one is replayed, and awaited in the next round.
    next = done < size ? reader.entries(n + 1) : undefined;
    next?.catch(() => {});
    findings.push(...(await replay.take(n * TILE_WIDTH, entries)));
    progress(done);
  }
  const prove = (all: readonly ReplayFinding[]) =>
    Promise.all(all.map((finding) => withProof(reader, checkpoint, finding)));
  return { findings: await prove(findings), warnings: await prove(await repeats.findings(read)) };
}

async function readEntry(reader: Reader, index: number): Promise<Uint8Array> {
  return (await reader.entries(Math.floor(index / TILE_WIDTH)))[index % TILE_WIDTH] as Uint8Array;
}

/** A log without rules cannot be replayed. */
function requirePolicy(first: Uint8Array): void {
  if (isPolicy(first)) return;
  throw new Fault('bad-request', 'this log does not begin with a policy: it has no rules that could be replayed');
}

async function withProof(reader: Reader, checkpoint: Uint8Array, finding: ReplayFinding): Promise<ProvenFinding> {
  const { index } = finding;
  const [{ leaf, path }, extra] = await Promise.all([reader.inclusion(index), readEntry(reader, index)]);
  const proof = fromUtf8(formatTlogProof({ index, path, checkpoint, extra }), 'bad-request');
  return { ...finding, leafHash: toHex(leaf), proof };
}
