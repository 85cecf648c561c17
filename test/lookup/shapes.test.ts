import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex, utf8 } from '../../src/core/bytes.ts';
import type { Cbor } from '../../src/core/cbor.ts';
import { formatCheckpoint } from '../../src/core/checkpoint.ts';
import {
  COSIGNATURE_ED25519,
  COSIGNATURE_MLDSA44,
  formatNote,
  formatVkey,
  NOTE_ED25519,
  vkeyOf,
} from '../../src/core/note.ts';
import { signatureBytes } from '../../src/core/signature.ts';
import { answer } from '../../src/lookup/answers.ts';
import { Catalogue } from '../../src/lookup/catalogue.ts';
import { QUESTION_NAMES, type QuestionName, readParams } from '../../src/lookup/questions.ts';
import { shapeOf } from '../../src/lookup/shapes.ts';
import { markOf } from '../../src/registry/interval.ts';
import { read } from '../../src/registry/read.ts';
import type { Node } from '../../src/registry/schema.ts';
import { openPostings } from '../../src/store/postings.ts';
import { sameBytes } from '../check.ts';
import { mth } from '../oracle.ts';
import {
  after,
  BUILD,
  key,
  keyEvent,
  ORGANISATIONS,
  ORIGIN,
  phase,
  policyOf,
  say,
  supervised,
  type World,
} from '../registry/world.ts';
import { freshFile, proofsOf, sourceOf } from './parts.ts';

// Answers have the shape that is declared for them, nothing missing and nothing undeclared; and the times around an
// entry are those of cosignatures, with whose word they are.

const log = vkeyOf(ORIGIN, COSIGNATURE_MLDSA44, key('log', 'mldsa44').key);
const witnesses = ['w1', 'w2', 'w3'].map((name) =>
  vkeyOf(`witness.example/${name}`, COSIGNATURE_ED25519, key(name).key),
);

/** A note with cosignatures of these times; nobody verifies them here. */
function noteOf(
  size: number,
  times: readonly [vkey: { name: string; id: string; type: number }, time: number][],
): Uint8Array {
  const root = mth([]);
  const cosignatures = times.map(([{ name, id, type }, time]) => {
    const length = type === COSIGNATURE_MLDSA44 ? signatureBytes('mldsa44') : 64;
    const signature = new Uint8Array(8 + length);
    new DataView(signature.buffer).setBigUint64(0, BigInt(time));
    return { name, id, signature };
  });
  const own = { ...vkeyOf(ORIGIN, NOTE_ED25519, key('note').key), signature: new Uint8Array(64) };
  return utf8(
    formatNote({ text: formatCheckpoint({ origin: ORIGIN, size, root }), signatures: [own, ...cosignatures] }),
  );
}

const [w1, w2, w3] = witnesses as [(typeof witnesses)[0], (typeof witnesses)[0], (typeof witnesses)[0]];
const policy = policyOf(ORGANISATIONS, { witnesses: [w1, w2].map(formatVkey), witnessQuorum: 2 });
const at = (seconds: number) => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');

test('the time of a checkpoint is the log’s own word until enough witnesses cosigned', () => {
  const own = markOf(noteOf(7, [[log, 1000]]), 'to', undefined);
  assert.equal(own, { size: 7, word: 'log', by: [ORIGIN], time: at(1000) });
  assert.equal(markOf(noteOf(7, []), 'to', undefined), { size: 7, word: 'log', by: [] });
  const both: Parameters<typeof noteOf>[1] = [
    [log, 1000],
    [w1, 1003],
    [w2, 1009],
    [w3, 5],
  ];
  const seen = { size: 7, word: 'witnesses', by: [w1.name, w2.name] };
  assert.equal(markOf(noteOf(7, both), 'to', policy), { ...seen, time: at(1009) }, 'by then all had seen it');
  assert.equal(markOf(noteOf(7, both), 'from', policy), { ...seen, time: at(1003) });
  const few: Parameters<typeof noteOf>[1] = [
    [log, 1000],
    [w1, 1003],
    [w3, 1004],
  ];
  assert.is(markOf(noteOf(7, few), 'to', policy).word, 'log', 'one of two, and one whom the policy does not name');
});

/** A log in which every question has an answer. */
function rich(): World {
  const world = supervised();
  const source = [{ uri: 'git+https://acme.example/kdb', digests: { gitCommit: new Uint8Array(20).fill(7) } }];
  world.add(say('bld', 'acme', 'build', { ...BUILD, source }));
  const ref = world.ref(world.last);
  world.add(say('reb', 'redo', 'attestation', { claim: 'rebuilt-identically', verdict: 'contradict', refs: [ref] }));
  const against = world.ref(world.last);
  world.add(say('reb', 'redo', 'attestation', { claim: 'rebuilt-identically', verdict: 'withdraw', refs: [against] }));
  world.add(say('bld', 'acme', 'withdrawal', { ref, reason: 'defect' }));
  world.add(say('ops', 'acme', 'correction', { ref, what: 'w', knownSince: after(0), cause: 'c' }));
  world.add(say('sup', 'exam', 'review', { centre: 'acme/zrh-1', depth: 'd', outcome: 'o', source }));
  const period = { from: after(0), to: after(1) };
  world.add(say('ops', 'acme', 'disclosure', { period, country: 'CH', received: 1, rejected: 0 }));
  const accessFrom = { before: [{ country: 'RU', class: 'routine' }], after: [] };
  world.add(phase('announced', { effectiveAt: after(2), accessFrom }), phase('started', { effectiveAt: after(3) }));
  world.add(phase('partial', { effectiveAt: after(4) }));
  world.clock(after(90));
  return world.add(keyEvent('acme1', 'acme', 'bld', 'compromise', { since: 5 }));
}

/** The same, without fields that nobody declared. */
function closed(node: Node): Node {
  if (node.type === 'list') return { ...node, of: closed(node.of) };
  if (node.type !== 'map' || node.fields.size === 0) return node;
  const fields = [...node.fields].map(([name, field]) => [name, { ...field, node: closed(field.node) }] as const);
  return { ...node, fields: new Map(fields), closed: true };
}

/** JSON as the schemas read it; proofs are lines, which no text of an entry may have. */
function toCbor(json: unknown): Cbor {
  if (Array.isArray(json)) return json.map(toCbor);
  if (typeof json !== 'object' || json === null) return json as Cbor;
  return new Map(Object.entries(json).flatMap(([name, item]) => (name === 'proof' ? [] : [[name, toCbor(item)]])));
}

const QUERIES: Partial<Record<QuestionName, readonly string[]>> = {
  verdict: [`digest=sha256:${'01'.repeat(32)}`, `digest=sha256:${'02'.repeat(32)}`],
  residency: ['process=acme/samples&country=CH&on=2018-11-05', 'process=acme/samples&country=CH&on=2018-10-05'],
  entries: ['proof=1', 'limit=3'],
};

test('every answer has its declared shape, and says something', () => {
  const world = rich();
  const around = (index: number) => ({
    from: noteOf(index, [[log, 1000]]),
    to: noteOf(index + 1, [[log, Date.parse(after(3)) / 1000 + index]]),
  });
  const postings = openPostings(freshFile());
  const tree = proofsOf(world);
  const parts = { log: { ...sourceOf(world), around }, postings, tree: () => tree };
  const catalogue = new Catalogue(parts, world.entries.length);
  catalogue.advance(world.entries.length);
  for (const name of QUESTION_NAMES) {
    for (const query of QUERIES[name] ?? ['']) {
      const body = answer(catalogue, tree, name, readParams(name, new URLSearchParams(query)));
      const json = JSON.parse(JSON.stringify(body)) as Record<string, unknown[]>;
      read(closed(shapeOf(name)), toCbor(json));
      assert.is(json.size as unknown, world.entries.length);
      const list = json.rows ?? json.keys ?? json.promises ?? json.builds ?? json.relocations;
      assert.ok(list !== undefined && (list.length > 0 || /0202|2018-10/.test(query)), `${name}?${query}`);
    }
  }
  postings.close();
});

test('how long the truth was known: from what is claimed to what checkpoints show', () => {
  const world = rich();
  const around = () => ({
    from: noteOf(1, [[log, Date.parse(after(2)) / 1000]]),
    to: noteOf(99, [[log, Date.parse(after(3)) / 1000]]),
  });
  const postings = openPostings(freshFile());
  const tree = proofsOf(world);
  const catalogue = new Catalogue(
    { log: { ...sourceOf(world), around }, postings, tree: () => tree },
    world.entries.length,
  );
  catalogue.advance(world.entries.length);
  const { rows } = answer(catalogue, tree, 'corrections', {}) as {
    rows: { knownForSeconds: object; wrong: { leafHash: string; index: number } }[];
  };
  assert.equal(rows[0]?.knownForSeconds, { atLeast: 2 * 86_400, atMost: 3 * 86_400 });
  const { leafHash, index } = rows[0]?.wrong ?? { leafHash: '', index: 0 };
  assert.is(leafHash, toHex(world.ref(index).leafHash));
  sameBytes(world.ref(index).leafHash, catalogue.entry(index)?.leafHash as Uint8Array);
  postings.close();
});

test.run();
