/** Asks the questions of the story, as anyone can, and believes of the answers what their proofs show. @module */

import type { Fields } from '../../src/cli/draft.ts';
import { verifyCited } from '../../src/client/cited.ts';
import type { LogClient } from '../../src/client/logclient.ts';
import { fromUtf8 } from '../../src/core/bytes.ts';
import type { Vkey } from '../../src/core/note.ts';
import type { Json } from '../../src/registry/json.ts';
import { KIND_NAMES, type KindName } from '../../src/registry/names.ts';
import type { Player, Question } from './play.ts';
import { type Answer, inWords } from './words.ts';

export type Asked = {
  /** What was asked, and the answer in words, in turn. */
  readonly lines: readonly string[];
  readonly proofs: number;
  /** What the answer should have said and did not. */
  readonly missing: readonly string[];
};

type Where = { readonly client: LogClient; readonly vkeys: readonly Vkey[]; readonly player: Player };

/** Waits until the lookup covers so many entries: on a busy machine it may lag behind the log. */
export async function covered(client: LogClient, size: number): Promise<void> {
  for (let covers = 0; covers < size; ) covers = (await answerOf(client, 'v1/entries?limit=1')).size;
}

async function answerOf(client: LogClient, path: string): Promise<Answer> {
  return JSON.parse(fromUtf8(await client.get(path), 'bad-request')) as Answer;
}

/** The answers to one question. */
export async function ask({ get, list, expect = [] }: Question, where: Where): Promise<Asked> {
  const told: Asked[] = [];
  for (const one of get) {
    const [[name, fields]] = Object.entries(one) as [[string, Fields]];
    told.push(await askOne(name, fields, list === true, where));
  }
  const lines = told.flatMap((one) => one.lines);
  const said = lines.join('\n');
  return {
    lines,
    proofs: told.reduce((sum, { proofs }) => sum + proofs, 0),
    missing: expect.filter((words) => !said.includes(words)),
  };
}

async function askOne(name: string, fields: Fields, asList: boolean, { client, vkeys, player }: Where): Promise<Asked> {
  const query = new URLSearchParams(
    Object.entries(fields).map(([field, value]) => [field, parameter(player.resolve(value))]),
  );
  query.set('proof', '1');
  const path = `v1/${name}?${query}`;
  const answer = await answerOf(client, path);
  const proofs = verifyCited(answer.rows ?? answer.entries ?? [], { vkeys, check() {} }).size;
  return {
    lines: [`GET /${shortened(path)}`, ...inWords(answer, asList).map((line) => `  ${line}`)],
    proofs,
    missing: [],
  };
}

/** A file is asked for by its digest, an entry by its index. */
function parameter(value: Json): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const { index, digests } = value as { index?: number; digests?: { sha256: string } };
  return digests === undefined ? String(index) : `sha256:${digests.sha256}`;
}

function shortened(path: string): string {
  const text = decodeURIComponent(path).replace(/[?&]proof=1$/, '');
  return text.replace(/([0-9a-f]{8})[0-9a-f]{56}/g, '$1…');
}

/** The kinds of which there is no entry. */
export async function kindsMissing({ client, vkeys }: Where): Promise<KindName[]> {
  const missing: KindName[] = [];
  for (const kind of KIND_NAMES) {
    const { rows = [] } = await answerOf(client, `v1/entries?kind=${kind}&limit=1&proof=1`);
    if (verifyCited(rows, { vkeys, check() {} }).size === 0) missing.push(kind);
  }
  return missing;
}
