/** The guard's journal as a file of its own, and the lock that lets one process write it. @module */
import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Fault, must } from '../core/fault.ts';
import type { GuardFile } from '../log/ports.ts';
import { openDatabase } from './database.ts';
import { createFile, isThere, syncDirectory, writeAll } from './durable.ts';

/** Makes an empty journal; refuses if there is one. */
export function createGuardFile(path: string): void {
  createFile(path, new Uint8Array(0));
}

/** Opens a journal for its one writer; refuses to create one, and refuses while another process has it open. */
export function openGuardFile(path: string): GuardFile & { close(): void } {
  if (!isThere(path)) {
    throw new Fault(
      'bad-request',
      `there is no guard at ${path}: name it with --guard FILE. It is never made anew, because without it a restored ` +
        'database could not be told from the real one. Where it is lost, `limmat guard rebuild` makes it from signed ' +
        'checkpoints that others kept',
    );
  }
  const release = lockGuard(path);
  const fd = openSync(path, constants.O_RDWR | constants.O_APPEND);
  syncDirectory(dirname(path));
  return {
    read: () => Uint8Array.from(readFileSync(path)),
    append(line, offset) {
      must(fstatSync(fd).size === offset, `the guard ${path} was changed by someone else`);
      try {
        writeAll(fd, line);
        fsyncSync(fd);
      } catch (error) {
        throw new Error(`the guard ${path} cannot be written`, { cause: error });
      }
    },
    truncate(length) {
      ftruncateSync(fd, length);
      fsyncSync(fd);
    },
    close() {
      closeSync(fd);
      release();
    },
  };
}

/**
 * Keeps every other process from opening a log by its guard, also where the guard is lost. The kernel drops the lock
 * when this process ends, however it ends. Node has no file locks of its own; SQLite does, so an exclusive transaction
 * on an empty database stands for one. Fault `bad-request` while another process holds it.
 */
export function lockGuard(path: string): () => void {
  return openDatabase(`${path}.lock`, { timeout: 0 }, (db) => {
    try {
      db.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error;
      throw new Fault('bad-request', `another process has this log open (${path}.lock): stop it first`);
    }
    return () => db.close();
  });
}
