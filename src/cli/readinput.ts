/** Reads what commands are given: files, URLs, and standard input as `-`. @module */
import { existsSync, readFileSync } from 'node:fs';
import { Fault, messageOf } from '../core/fault.ts';
import { parseVkeys, type Vkey } from '../core/note.ts';
import type { Json } from '../registry/json.ts';
import { yaml } from './whenneeded.ts';

/** The bytes of a file; `-` is standard input. Fault `bad-request` if there is none. */
export function readBytes(path: string): Uint8Array {
  if (path !== '-' && !existsSync(path)) throw new Fault('bad-request', `there is no file ${path}`);
  return Uint8Array.from(readFileSync(path === '-' ? 0 : path));
}

/** A file of vkeys, one a line, as `init` writes it. */
export function readVkeys(path: string): Vkey[] {
  return parseVkeys(new TextDecoder().decode(readBytes(path)));
}

/** A map in YAML or JSON. */
export function readMap(path: string): { readonly [name: string]: Json } {
  try {
    const value: unknown = yaml().parse(new TextDecoder().decode(readBytes(path)));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as { [name: string]: Json };
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('bad-request', `cannot read ${path}: ${messageOf(error)}`);
  }
  throw new Fault('bad-request', `${path} is not a map of names to values`);
}
