/** Evidence files in a folder, one file each, made when the first one comes. @module */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EvidenceFiles } from '../log/ports.ts';
import { createFile } from './durable.ts';

const SUFFIX = '.tlog-evidence';
/** One convicts; whoever can sign as the log cannot fill the disk. */
const MAX_FILES = 100;

export function openEvidenceFiles(folder: string): EvidenceFiles {
  const ids = () =>
    existsSync(folder)
      ? readdirSync(folder).flatMap((name) => (name.endsWith(SUFFIX) ? [name.slice(0, -SUFFIX.length)] : []))
      : [];
  const pathOf = (id: string) => join(folder, id + SUFFIX);
  return {
    put(id, file) {
      const there = ids();
      if (there.includes(id) || there.length >= MAX_FILES) return false;
      mkdirSync(folder, { recursive: true });
      createFile(pathOf(id), file);
      return true;
    },
    ids,
    get: (id) => (ids().includes(id) ? Uint8Array.from(readFileSync(pathOf(id))) : undefined),
  };
}
