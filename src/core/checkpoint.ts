/** Checkpoints, C2SP tlog-checkpoint: the note text that commits to an origin, a tree size and a root. @module */
import { fromBase64, HASH_BYTES, type Hash, toBase64 } from './bytes.ts';
import { Fault, must } from './fault.ts';
import { checkSize, parseSize } from './size.ts';

/** A committed state of the tree. */
export type Head = { readonly size: number; readonly root: Hash };

/** What a checkpoint says. We never emit extension lines; other logs may. */
export type Checkpoint = Head & { readonly origin: string; readonly extension?: readonly string[] };

export function formatCheckpoint({ origin, size, root, extension = [] }: Checkpoint): string {
  must(origin !== '' && !origin.includes('\n'), 'an origin is one non-empty line');
  return [origin, String(checkSize(size)), toBase64(root), ...extension, ''].join('\n');
}

/** The inverse of `formatCheckpoint`. */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n');
  const [origin, size, root, ...extension] = lines.slice(0, -1);
  if (lines.at(-1) !== '' || !origin || size === undefined || root === undefined || extension.includes('')) {
    throw new Fault('bad-checkpoint', 'a checkpoint is at least three non-empty lines: origin, size, root');
  }
  const hash = fromBase64(root, 'bad-checkpoint');
  if (hash.length !== HASH_BYTES) throw new Fault('bad-checkpoint', `a root of ${hash.length} bytes is not SHA-256`);
  const head = { origin, size: parseSize(size, 'bad-checkpoint'), root: hash as Hash };
  return extension.length > 0 ? { ...head, extension } : head;
}
