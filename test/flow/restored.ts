/** Logs that are filled, backed up and restored, and copies of them that tell what they are told to. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { utf8 } from '../../src/core/bytes.ts';
import { formatCheckpoint, type Head } from '../../src/core/checkpoint.ts';
import { signedMessage, toNoteSignature } from '../../src/core/cosignature.ts';
import { Fault } from '../../src/core/fault.ts';
import { deriveSeed } from '../../src/core/logkeys.ts';
import { formatNote, NOTE_ED25519, vkeyOf } from '../../src/core/note.ts';
import { signerOf } from '../../src/core/signature.ts';
import { readExport } from '../../src/store/files.ts';
import { readSeed } from '../../src/store/seed.ts';
import { folder } from '../folder.ts';
import { limmat, type Ran, type Server, serve } from './server.ts';

export const ORIGIN = 'log.example/restored';

export function ok({ code, stdout, stderr }: Ran): string {
  assert.is(code, 0, stdout + stderr);
  return stdout;
}

/** Where a log of a test and all that belongs to it lie. */
export type Place = {
  readonly root: string;
  readonly data: string;
  readonly guard: string;
  readonly copy: string;
  readonly backup: string;
};

export function newPlace(): Place {
  const root = folder();
  const [data, copy, backup] = ['log', 'copy', 'backup'].map((name) => join(root, name)) as [string, string, string];
  return { root, data, guard: `${data}.guard`, copy, backup };
}

/** A place of its own with all that lies in another. */
export function copyOf(place: Place): Place {
  const own = newPlace();
  cpSync(place.root, own.root, { recursive: true });
  return own;
}

let added = 0;

/** Adds opaque entries, and waits until they are published. */
export async function add(server: Server, count: number): Promise<void> {
  let left = count;
  async function some(): Promise<void> {
    while (left-- > 0) {
      const response = await fetch(`${server.url}/add`, {
        method: 'POST',
        body: `entry ${added++} ${'.'.repeat(added % 99)}`,
      });
      assert.is(response.status, 200, await response.text());
    }
  }
  await Promise.all(Array.from({ length: 16 }, some));
  await (await fetch(`${server.url}/checkpoint`)).text();
}

/** Serves a log while something is done with it, and answers the last checkpoint. */
export async function session(
  { data, copy }: Place,
  work: (server: Server) => Promise<void>,
  ...args: string[]
): Promise<Uint8Array> {
  const server = await serve(data, '--export', copy, ...args);
  await work(server);
  const note = new Uint8Array(await (await fetch(`${server.url}/checkpoint`)).arrayBuffer());
  assert.is(await server.end('SIGTERM'), 0, server.stderr());
  return note;
}

export function backUp({ data, backup }: Place): void {
  cpSync(data, backup, { recursive: true });
}

/** What a restore does: yesterday's data, today's guard. */
export function restore({ data, backup }: Place): void {
  rmSync(data, { recursive: true });
  cpSync(backup, data, { recursive: true });
}

/** An opaque log with a backup of its first entries, restored. Answers its last checkpoint. */
export async function restoredLog(first: number, more: number): Promise<Place & { readonly note: Uint8Array }> {
  const place = newPlace();
  ok(await limmat('init', '--data', place.data, '--origin', ORIGIN, '--entries', 'opaque'));
  await session(place, (server) => add(server, first));
  backUp(place);
  const note = await session(place, (server) => add(server, more));
  restore(place);
  return { ...place, note };
}

/** A note of a log, signed with its own key by whoever has its seed. */
export function forgedNote(data: string, head: Head, origin = ORIGIN): Uint8Array {
  const signer = signerOf('ed25519', deriveSeed(readSeed(join(data, 'seed')), 'checkpoint-ed25519', 0));
  const vkey = vkeyOf(origin, NOTE_ED25519, signer.key);
  const text = formatCheckpoint({ origin, ...head });
  const signatures = [toNoteSignature(vkey, signer.sign(signedMessage(vkey, text, 0)), 0)];
  return utf8(formatNote({ text, signatures }));
}

export function write(path: string, bytes: Uint8Array): string {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, bytes);
  return path;
}

export type Change = (path: string, bytes: Uint8Array) => Uint8Array | undefined | Promise<Uint8Array | undefined>;

/** Serves a static copy over HTTP; `change` alters what is sent, and undefined is a 404. */
export async function serveCopy(
  copy: string,
  change: Change = (_, bytes) => bytes,
): Promise<{ url: string; close: () => void }> {
  const read = readExport(copy);
  const server = createServer(async (request, response) => {
    const path = (request.url ?? '').slice(1);
    const bytes = await read(path)
      .then((found) => change(path, found))
      .catch((error: unknown) => {
        if (!(error instanceof Fault)) throw error;
        return undefined;
      });
    response.writeHead(bytes ? 200 : 404, { connection: 'close' });
    response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

/** The size of the database that `fsck` reports, which must find nothing else wrong than `expected`. */
export async function fsck(data: string, expected: RegExp = /all as it should be/): Promise<void> {
  const { stdout, stderr } = await limmat('fsck', '--data', data);
  assert.match(stdout + stderr, expected);
}

export async function size(url: string): Promise<number> {
  return Number((await (await fetch(`${url}/checkpoint`)).text()).split('\n')[1]);
}

export const bytesOf = (path: string): Uint8Array =>
  existsSync(path) ? Uint8Array.from(readFileSync(path)) : new Uint8Array(0);
