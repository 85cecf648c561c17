/** The contract of `Gossip`, asked over its routes: whoever takes part in the exchange of heads answers like this. */
import type { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '#sha256';
import { toHex, utf8 } from '../../src/core/bytes.ts';
import { parseEvidence, verifyEvidence } from '../../src/core/evidence.ts';
import { parseHeads } from '../../src/core/headlist.ts';
import { parseNote, type Vkey } from '../../src/core/note.ts';
import { createApp } from '../../src/http/app.ts';
import { EVIDENCE_TYPE, type Gossip, gossipRoutes } from '../../src/http/gossip.ts';
import { originHash } from '../../src/monitor/peers.ts';

export type GossipParty = {
  readonly origin: string;
  /** The keys of the log. */
  readonly vkeys: readonly Vkey[];
  /** The size that a new party has verified, more than 8; the tree of a fork differs from index 3 on. */
  readonly size: number;
  readonly noteOf: (size: number, fork?: boolean) => Uint8Array;
  /** Signed by nobody who may, and for another log. */
  readonly foreign: readonly [stranger: Uint8Array, otherLog: Uint8Array];
  /** Whether it has the tree, and not the newest head alone. */
  readonly keepsTree: boolean;
  readonly open: () => Gossip | Promise<Gossip>;
};

export function gossipContract(test: ReturnType<typeof suite>, party: GossipParty): void {
  const { origin, vkeys, size, noteOf } = party;
  const base = `/gossip/v1/${originHash(origin)}`;
  const open = async () => {
    const watch = { count: () => {}, refused: () => {}, failed: (error: unknown) => assert.unreachable(String(error)) };
    const app = createApp(
      gossipRoutes(await party.open(), () => 0),
      watch,
    );
    return async (path: string, note?: Uint8Array) => {
      const response = await app.request(path, note ? { method: 'POST', body: note as BodyInit } : {});
      const body = new Uint8Array(await response.arrayBuffer());
      return { status: response.status, type: response.headers.get('content-type'), body };
    };
  };
  const kindOf = (file: Uint8Array) => verifyEvidence(parseEvidence(file), vkeys).kind;
  const textOf = (note: Uint8Array) => parseNote(note).text;

  test('the latest head, and the list that ends with it and is resumed behind it', async () => {
    const ask = await open();
    const latest = await ask(`${base}/latest`);
    assert.equal([latest.status, textOf(latest.body)], [200, textOf(noteOf(size))]);
    const listed = parseHeads((await ask(`${base}/heads?after=0`)).body);
    assert.is(textOf(listed.at(-1)?.note as Uint8Array), textOf(noteOf(size)));
    assert.is((await ask(`${base}/heads?after=${listed.at(-1)?.seq}`)).body.length, 0);
    assert.is((await ask(`${base}/heads?after=x`)).status, 400);
    assert.is((await ask(`/gossip/v1/${'0'.repeat(64)}/latest`)).status, 404);
  });

  test('a head that is known is answered with the latest; a larger one waits', async () => {
    const ask = await open();
    const same = await ask(`${base}/heads`, noteOf(size));
    assert.equal([same.status, textOf(same.body)], [200, textOf(noteOf(size))]);
    assert.is((await ask(`${base}/heads`, noteOf(size - 2))).status, party.keepsTree ? 200 : 202);
    assert.is((await ask(`${base}/heads`, noteOf(size + 1))).status, 202);
    assert.is((await ask(`${base}/evidence`)).body.length, 0);
  });

  test('one that conflicts is answered with the evidence, which is kept once and served', async () => {
    const ask = await open();
    const kinds = ['same-size', ...(party.keepsTree ? ['inconsistent'] : [])];
    const forks = [noteOf(size, true), ...(party.keepsTree ? [noteOf(size - 2, true)] : [])];
    const ids = new Set<string>();
    // Told again, a conflict is answered with any of the files that are kept.
    for (const fork of [...forks, ...forks]) {
      const { status, type, body } = await ask(`${base}/heads`, fork);
      assert.equal([status, type], [409, EVIDENCE_TYPE]);
      assert.ok(kinds.includes(kindOf(body)));
      ids.add(toHex(sha256(body)));
    }
    const list = new TextDecoder().decode((await ask(`${base}/evidence`)).body);
    assert.equal(new Set(list.trim().split('\n')), ids);
    assert.is(ids.size, kinds.length);
    for (const id of ids) assert.ok(kinds.includes(kindOf((await ask(`${base}/evidence/${id}`)).body)));
    assert.is((await ask(`${base}/evidence/${'0'.repeat(64)}`)).status, 404);
  });

  test('what the log has not signed is refused and leaves nothing behind', async () => {
    const ask = await open();
    const [stranger, otherLog] = party.foreign;
    for (const [body, status] of [
      [utf8('nonsense'), 400],
      [stranger, 403],
      [otherLog, 404],
      [new Uint8Array(128 * 1024 + 1), 413],
    ] as const)
      assert.is((await ask(`${base}/heads`, body)).status, status);
    assert.is((await ask(`${base}/evidence`)).body.length, 0);
  });
}
