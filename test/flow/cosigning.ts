/** What a log that runs needs to be cosigned: a way to post, its checkpoint, and proofs from its own tiles. */
import * as assert from 'uvu/assert';
import type { Hash } from '../../src/core/bytes.ts';
import { openCheckpoint } from '../../src/core/cosignature.ts';
import { parseVkey } from '../../src/core/note.ts';
import { Reader } from '../../src/core/reader.ts';
import type { Post, Round } from '../../src/log/cosign.ts';
import type { Server } from './server.ts';

export const post: Post = async (url, body, signal) => {
  const response = await fetch(url, { method: 'POST', body: body as BodyInit, signal });
  const type = response.headers.get('content-type') ?? '';
  return { status: response.status, type, body: new Uint8Array(await response.arrayBuffer()) };
};

/** The published checkpoint of a log and proofs from its own tiles. */
export async function roundOf(log: Server): Promise<Round> {
  const get = async (path: string) => {
    const response = await fetch(`${log.url}/${path}`);
    assert.is(response.status, 200, path);
    return new Uint8Array(await response.arrayBuffer());
  };
  const note = await get('checkpoint');
  const { checkpoint } = openCheckpoint(note, log.vkeys.map(parseVkey));
  const reader = new Reader(get, checkpoint);
  const prove: Round['prove'] = async (old) => ({
    root: seenRoots.get(old) ?? checkpoint.root,
    path: old === checkpoint.size ? [] : await reader.consistency(old),
  });
  seenRoots.set(checkpoint.size, checkpoint.root);
  return { checkpoint, note, prove, deadline: AbortSignal.timeout(20_000) };
}
const seenRoots = new Map<number, Hash>();

export async function submit(log: Server, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const response = await fetch(`${log.url}/add`, { method: 'POST', body: `entry ${Math.random()}` });
    assert.is(response.status, 200, await response.text());
  }
}
