/**
 * `add-entries` of C2SP tlog-mirror: a log pushes its entries, in packages each of which is authenticated and stored on
 * its own, so that an upload may break off anywhere and go on from the next entry. @module
 */
import { type MirrorInfo, type Package, parseAddEntries, subtreeOfPackage } from '../core/addentries.ts';
import { HASH_BYTES, type Hash } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import { leafHashInto } from '../core/hash.ts';
import { verifySubtree } from '../core/subtree.ts';
import { append, EMPTY_EDGE, rootOf } from '../core/tree.ts';
import type { Mirror } from './mirror.ts';
import type { KnownCheckpoint } from './ports.ts';

/** None is needed, since the checkpoints that an upload may end at are kept. */
const NO_TICKET = new Uint8Array(0);
export type Uploaded =
  | { readonly status: 200; readonly lines: string }
  | { readonly status: 202 | 409; readonly info: MirrorInfo };

/** SPEC: 409 also if upload_start is too far below the next entry. */
const MAX_OVERLAP = 2048;

/** Takes an upload. Fault `unknown-log`, `bad-proof` for a package that is not of the tree, `bad-request`. */
export function addEntries(mirror: Mirror, body: Uint8Array): Uploaded {
  const { head, packages } = parseAddEntries(body);
  if (head.origin !== mirror.origin) {
    throw new Fault('unknown-log', `this mirror does not know the log ${head.origin.slice(0, 200)}`);
  }
  const pending = mirror.pending();
  const [newest] = pending;
  if (!newest) throw new Fault('bad-proof', 'there is no pending checkpoint yet: send one to add-checkpoint');
  const target = pending.find(({ size }) => size === head.end);
  const next = mirror.tree.head.size;
  const infoOf = (size: number): MirrorInfo => ({ size, next: mirror.tree.head.size, ticket: NO_TICKET });
  const conflict = (size: number): Uploaded => ({ status: 409, info: infoOf(size) });
  if (!target || target.size < (mirror.mirrored()?.size ?? 0)) return conflict(newest.size);
  if (head.start > next || head.start < next - MAX_OVERLAP) return conflict(target.size);
  const { saved, fault } = save(mirror, target, packages);
  if (fault) throw fault;
  if (saved === 0 && head.start < head.end) throw new Fault('bad-request', 'the body holds no whole entry package');
  if (mirror.tree.head.size < target.size) {
    return { status: 202, info: infoOf(target.size) };
  }
  return { status: 200, lines: mirror.complete(target) };
}

/** Stores the packages up to the first that does not verify; answers how many did. */
function save(mirror: Mirror, target: KnownCheckpoint, packages: Iterable<Package>): { saved: number; fault?: Fault } {
  const fresh: Uint8Array[] = [];
  const start = mirror.tree.head.size;
  let saved = 0;
  let fault: Fault | undefined;
  for (const each of packages) {
    try {
      verifySubtree(subtreeOfPackage(each), target.size, subtreeHash(mirror, each), target.root, each.proof);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      fault = error;
      break;
    }
    // SPEC: if some entry has already been written, the mirror MUST skip saving that entry.
    fresh.push(...each.entries.slice(Math.max(0, start + fresh.length - each.start)));
    saved++;
  }
  if (fresh.length > 0) mirror.tree.appendOpaque(fresh);
  return fault ? { saved, fault } : { saved };
}

/** SPEC: it reconstructs the subtree hash based on the received entries and entries already in the log. */
function subtreeHash({ tree }: Mirror, each: Package): Hash {
  const { start: first } = subtreeOfPackage(each);
  const leaves = new Uint8Array((each.end - first) * HASH_BYTES);
  for (let index = first; index < each.start; index++) {
    leaves.set(tree.node({ height: 0, index }), (index - first) * HASH_BYTES);
  }
  for (const [i, entry] of each.entries.entries()) leafHashInto(entry, leaves, each.start - first + i);
  return rootOf(append(EMPTY_EDGE, leaves).edge);
}
