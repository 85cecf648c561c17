/** Small files that survive power loss: bytes, then the name, then the directory are on disk before a call returns. @module */
import { closeSync, constants, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { Fault } from '../core/fault.ts';

/** Whether something lies there; an error of the system where this user may not see that, which is no absence. */
export function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Writes a new file, whole or not at all; Fault `bad-request` if it exists. Secrets get mode 0o600 from the first moment on. */
export function createFile(path: string, bytes: Uint8Array, mode = 0o644): void {
  try {
    writeWhole(path, constants.O_EXCL, bytes, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new Fault('bad-request', `${path} exists and is not overwritten`);
    }
    rmSync(path, { force: true });
    throw error;
  }
  syncDirectory(dirname(path));
}

/** Replaces a file at once: a reader sees all of the old bytes or all of the new ones. */
export function replaceFile(path: string, bytes: Uint8Array, mode = 0o644): void {
  writeWhole(`${path}.new`, constants.O_TRUNC, bytes, mode);
  renameSync(`${path}.new`, path);
  syncDirectory(dirname(path));
}

function writeWhole(path: string, how: number, bytes: Uint8Array, mode: number): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | how, mode);
  try {
    writeAll(fd, bytes);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Writes all bytes at the end of what was written before; a short write is continued. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at);
}

export function syncDirectory(path: string): void {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
