/** Reads what commands are given: files, URLs, and standard input as `-`. @module */
import { readFileSync, statSync } from 'node:fs';
import { fromUtf8, refuseMark } from '../core/bytes.ts';
import { Fault, messageOf } from '../core/fault.ts';
import { parseVkeys, type Vkey } from '../core/note.ts';
import type { Json } from '../registry/json.ts';
import { yaml } from './whenneeded.ts';

/** The bytes of a file; `-` is standard input. Fault `bad-request` if there is none. */
export function readBytes(path: string): Uint8Array {
  if (path !== '-') checkFile(path);
  return Uint8Array.from(readFileSync(path === '-' ? 0 : path));
}

/** The bytes of a text that is parsed as it is. Fault `bad-request` as above, or if it begins with a byte order mark. */
export function readText(path: string): Uint8Array {
  const bytes = readBytes(path);
  try {
    refuseMark(bytes, 'bad-request');
  } catch (error) {
    throw new Fault('bad-request', `${path}: ${messageOf(error)}`, { cause: error });
  }
  return bytes;
}

/** Fault `bad-request` where there is nothing, or a folder. What else cannot be read is told when it is. */
export function checkFile(path: string): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) throw new Fault('bad-request', `there is no file ${path}`);
  if (stat.isDirectory()) throw new Fault('bad-request', `${path} is a folder: name a file in it`);
}

/** A file of vkeys, one a line, as `init` writes it. */
export function readVkeys(path: string): Vkey[] {
  const text = new TextDecoder().decode(readText(path));
  try {
    return parseVkeys(text);
  } catch (error) {
    const next = 'a file of vkeys has one a line, as `limmat init` writes them to DIR/log.vkey';
    throw new Fault('bad-vkey', `${path}: ${messageOf(error)}; ${next}`, { cause: error });
  }
}

/** A map in YAML or JSON. A byte order mark before it, which YAML allows, is dropped: nothing is signed as it lies there. */
export function readMap(path: string): { readonly [name: string]: Json } {
  const bytes = readBytes(path);
  try {
    const value: unknown = yaml().parse(fromUtf8(bytes, 'bad-request'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as { [name: string]: Json };
  } catch (error) {
    throw new Fault('bad-request', `cannot read ${path}: ${messageOf(error)}`);
  }
  throw new Fault('bad-request', `${path} is not a map of names to values`);
}
