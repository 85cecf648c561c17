/** Evidence files in a folder, one file each, made when the first one comes. @module */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EvidenceFiles } from '../log/ports.ts';
import { createFile } from './durable.ts';

const SUFFIX = '.tlog-evidence';
/** One convicts; whoever can sign as the log cannot fill the disk. */
const MAX_FILES = 100;

export function openEvidenceFiles(folder: string): EvidenceFiles {
  const names = () => (existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(SUFFIX)) : []);
  return {
    put(id, file) {
      const there = names();
      if (there.includes(id + SUFFIX) || there.length >= MAX_FILES) return false;
      mkdirSync(folder, { recursive: true });
      createFile(join(folder, id + SUFFIX), file);
      return true;
    },
    all: () =>
      new Map(
        names().map((name) => [name.slice(0, -SUFFIX.length), Uint8Array.from(readFileSync(join(folder, name)))]),
      ),
  };
}
