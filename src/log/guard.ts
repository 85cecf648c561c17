/**
 * The signed-heads guard: a journal of every head that was or is about to be signed, in a file beside the data
 * directory and outside its backups. A head goes into it before anything signs it or answers for it, so that a
 * restored database cannot sign a second history. Lines are `<size> <root> <hash>`, the hash being over the line before
 * and this one up to it, so that the last line is checked like all others. @module
 */
import { sha256 } from '#sha256';
import { equal, fromBase64, fromUtf8, HASH_BYTES, type Hash, toBase64, utf8 } from '../core/bytes.ts';
import type { Head } from '../core/checkpoint.ts';
import { Fault, must } from '../core/fault.ts';
import { EMPTY_ROOT } from '../core/hash.ts';
import { foldPeaks } from '../core/proof.ts';
import { parseSize } from '../core/size.ts';
import { coverNodes, type Node } from '../core/tile.ts';
import type { GuardFile } from './ports.ts';

/** A head whose guard line is on disk; nothing else may be signed or answered for. */
export type GuardedHead = Head & { readonly __is: 'guarded' };

/** Reads stored nodes of the committed tree. */
export type NodeReader = (node: Node) => Hash;

export class Guard {
  readonly #file: GuardFile;
  #last: Head | undefined;
  #lastLine: string;
  #length: number;

  /** Reads and checks the whole journal. Fault `frozen` if it is damaged. */
  constructor(file: GuardFile, origin: string) {
    this.#file = file;
    const parsed = parseGuard(file.read(), origin);
    if (parsed.cut) file.truncate(parsed.length);
    this.#last = parsed.heads.at(-1);
    this.#lastLine = parsed.lastLine;
    this.#length = parsed.length;
  }

  /** The newest guarded head; undefined while nothing was ever signed. */
  last(): Head | undefined {
    return this.#last;
  }

  /** Fault `frozen` unless the stored nodes fold to the guarded root at the guarded size. */
  verify(read: NodeReader): void {
    const last = this.#last;
    if (last && !equal(rootFrom(last.size, read), last.root)) {
      throw new Fault('frozen', `the tree does not extend the head of size ${last.size} that was guarded`);
    }
  }

  /**
   * Writes the line for a head that is about to be signed or answered for; on disk when it returns. The same head
   * again writes nothing. Fault `frozen` for a smaller size, another root at the same size, or a tree that does not
   * extend the guarded one, as recomputed from stored nodes.
   */
  admit(head: Head, read: NodeReader): GuardedHead {
    const last = this.#last;
    if (!equal(rootFrom(head.size, read), head.root)) {
      throw new Fault('frozen', `the stored nodes do not fold to the root of size ${head.size}`);
    }
    if (last && head.size < last.size) {
      throw new Fault(
        'frozen',
        `size ${head.size} is behind the guarded size ${last.size}: a restored database? \`limmat recover\` completes it`,
      );
    }
    this.verify(read);
    if (!last || head.size > last.size) this.#append(head);
    return head as GuardedHead;
  }

  #append(head: Head): void {
    const line = formatLine(head, this.#lastLine);
    const bytes = utf8(line);
    this.#file.append(bytes, this.#length);
    this.#length += bytes.length;
    this.#lastLine = line;
    this.#last = head;
  }
}

/** What to do about a guard that is damaged or not the newest. */
export const REBUILD =
  'If it was damaged, lost or restored, stop the log and run `limmat guard rebuild --data DIR --head FILE...`';

/** What a journal says: its heads in order, and how much of the file is whole lines. */
export type ParsedGuard = { heads: Head[]; lastLine: string; length: number; cut: boolean };

/** Parses a journal and checks its chain. Fault `frozen` for any damage but a last line that was cut short. */
export function parseGuard(bytes: Uint8Array, origin: string): ParsedGuard {
  const text = fromUtf8(bytes, 'frozen');
  const lines = text.split('\n');
  // A line that was cut short was never acknowledged by fsync, so nothing was signed for it.
  const tail = lines.pop() ?? '';
  if (!/^[0-9]{0,16}(?: [A-Za-z0-9+/=]{0,44}(?: [A-Za-z0-9+/=]{0,44})?)?$/.test(tail)) {
    throw damaged(lines.length + 1, 'is not the beginning of a line');
  }
  const heads: Head[] = [];
  let lastLine = firstLine(origin);
  for (const [i, line] of lines.entries()) {
    const head = parseLine(`${line}\n`, lastLine, i + 1);
    const before = heads.at(-1);
    if (before && head.size <= before.size) throw damaged(i + 1, `size ${head.size} does not grow`);
    heads.push(head);
    lastLine = `${line}\n`;
  }
  return { heads, lastLine, length: bytes.length - tail.length, cut: tail !== '' };
}

/** A journal that says exactly these heads, in ascending order; the inverse of `parseGuard`. */
export function formatGuard(heads: readonly Head[], origin: string): string {
  let lastLine = firstLine(origin);
  const lines = heads.map((head, i) => {
    must(i === 0 || head.size > (heads[i - 1] as Head).size, 'the heads of a guard grow');
    lastLine = formatLine(head, lastLine);
    return lastLine;
  });
  return lines.join('');
}

/** What the first line's hash covers: the origin, so that the journal of another log does not chain. */
function firstLine(origin: string): string {
  return `limmat/guard/v1 ${origin}\n`;
}

function formatLine({ size, root }: Head, before: string): string {
  const head = `${size} ${toBase64(root)} `;
  return `${head}${toBase64(sha256(utf8(before + head)))}\n`;
}

function parseLine(line: string, before: string, number: number): Head {
  const [size = '', root = ''] = line.split(' ');
  try {
    const head = { size: parseSize(size, 'frozen'), root: fromBase64(root, 'frozen') as Hash };
    if (head.root.length === HASH_BYTES && formatLine(head, before) === line) return head;
  } catch {
    // told below, with the number of the line
  }
  throw damaged(number, 'does not parse or does not chain to the line before');
}

function damaged(number: number, what: string): Fault {
  return new Fault('frozen', `the guard is damaged: line ${number} ${what}. ${REBUILD}`);
}

/** The root at a size, folded from nodes of the stored tree. */
export function rootFrom(size: number, read: NodeReader): Hash {
  must(size >= 0, 'a size is not negative');
  return size === 0 ? EMPTY_ROOT : foldPeaks(coverNodes(0, size).map(read));
}
