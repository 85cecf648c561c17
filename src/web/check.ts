/**
 * The live proof check of an entry: fetches checkpoint, tiles and entry itself, and tells step by step what it hashed and
 * what came out. A step that fails stops those that rest on it, and no other. @module
 */
import { isFlag, isList, isMap, isText, isWord, maybe } from '../client/answer.ts';
import { readBundle } from '../core/bundle.ts';
import { equal, fromHex, type Hash, toHex } from '../core/bytes.ts';
import type { Checkpoint } from '../core/checkpoint.ts';
import { verifyStatement } from '../core/cose.ts';
import { type OpenedCheckpoint, openCheckpoint } from '../core/cosignature.ts';
import { Fault, messageOf } from '../core/fault.ts';
import { leafHash } from '../core/hash.ts';
import { foldInclusion } from '../core/proof.ts';
import { fetchTile, Reader } from '../core/reader.ts';
import { kidOf, type PublicKey } from '../core/signature.ts';
import { isSize } from '../core/size.ts';
import { TILE_WIDTH, tilePath, widthIn } from '../core/tile.ts';
import type { KeyAt } from '../registry/keyhistory.ts';
import { readPublicKey } from '../registry/publickey.ts';
import { type Entry, readEntry, text } from './entry.ts';
import { isUnreached, noneUnlessUnreached } from './line.ts';
import { organisationsOf, takenBack, type WebLog, type Witnessing } from './log.ts';
import { sentence, several } from './words.ts';

export type Fact = readonly [name: string, value: string];
export type Step = {
  readonly id: StepId;
  readonly state: 'waiting' | 'running' | 'good' | 'bad' | 'stopped' | 'none';
  readonly says: string;
  readonly facts: readonly Fact[];
};
/** The last two are about statements. */
export const STEP_IDS = ['checkpoint', 'history', 'witnesses', 'entry', 'inclusion', 'signature', 'key'] as const;
export type StepId = (typeof STEP_IDS)[number];

/** What was checked, for the drawing of the path. */
export type Checked = {
  readonly index: number;
  readonly size: number;
  readonly leaf: Hash;
  readonly path: readonly Hash[];
  readonly root: Hash;
};
export type Told = (step: Step) => void;

type Opened = Pick<OpenedCheckpoint, 'checkpoint' | 'signed'> & { readonly note: Uint8Array };

/** A step that has nothing to check says why. */
class Nothing extends Error {}

/** Runs all steps for an entry; answers the path if there is one, good or bad. */
export async function checkEntry(log: WebLog, index: number, tell: Told): Promise<Checked | undefined> {
  const step = async <T>(
    id: StepId,
    needs: readonly unknown[],
    run: (fact: (...fact: Fact) => void) => Promise<[string, T]>,
  ): Promise<T | undefined> => {
    if (needs.includes(undefined)) {
      tell({ id, state: 'stopped', says: 'Not reached: a step before this one did not come to its end.', facts: [] });
      return undefined;
    }
    const facts: Fact[] = [];
    tell({ id, state: 'running', says: 'Checking…', facts });
    try {
      const [says, value] = await run((...fact) => facts.push(fact));
      tell({ id, state: 'good', says, facts });
      return value;
    } catch (error) {
      const state = error instanceof Nothing ? 'none' : isUnreached(error) ? 'stopped' : 'bad';
      tell({ id, state, says: sentence(messageOf(error)), facts });
      return undefined;
    }
  };

  const seen = log.remembered;
  const head = await step('checkpoint', [], (fact) => readHead(log, fact));
  const checkpoint = head?.checkpoint;
  await step('history', [checkpoint], (fact) => sameHistory(log, head as Opened, seen, fact));
  await step('witnesses', [head], async (fact) => {
    if (log.isOpaque)
      throw new Nothing('Which witnesses this log needs is not said in it: ask its operator for the policy.');
    return quorum(head as Opened, await log.witnesses().catch(noneUnlessUnreached), fact);
  });
  const found = await step('entry', [checkpoint], (fact) => readLeaf(log, checkpoint as Checkpoint, index, fact));
  let checked: Checked | undefined;
  await step('inclusion', [checkpoint, found], async (fact) => {
    const { size, root } = checkpoint as Checkpoint;
    const { leaf } = found as Leaf;
    const { path } = await new Reader(log.get, { size, root }).inclusion(index);
    checked = { index, size, leaf, path, root };
    const folded = foldInclusion(index, size, leaf, path);
    fact('Hashes on the path', String(path.length));
    fact('Computed root', toHex(folded));
    fact('Signed root', toHex(root));
    if (!equal(folded, root))
      throw new Fault(
        'bad-proof',
        'The entry does not lead to the root that the log signed: what was delivered here is not what was logged.',
      );
    return [
      `Hashing the entry with its ${several(path.length, 'neighbour')} gives exactly the root that the log signed: the entry is in the tree.`,
      true,
    ];
  });
  if (log.isOpaque) return checked;
  const entry = found?.entry;
  const key = await step('signature', [entry], async (fact) =>
    signature(log, entry as Entry, await log.witnesses().catch(noneUnlessUnreached), fact),
  );
  await step('key', [key], (fact) => standing(log, entry as Entry, key as Signing, fact));
  return checked;
}

async function readHead(log: WebLog, fact: (...fact: Fact) => void): Promise<[string, Opened]> {
  const note = await log.get('checkpoint');
  const opened = openCheckpoint(note, log.vkeys);
  const { origin, size, root } = opened.checkpoint;
  fact('Log', origin);
  fact('Entries', String(size));
  fact('Root hash', toHex(root));
  for (const { vkey } of opened.signed) fact('Signed by', `${vkey.name}, key ${vkey.id} (${vkey.key.algorithm})`);
  if (origin !== log.origin) throw new Fault('bad-checkpoint', `The checkpoint is of ${origin}, not of ${log.origin}.`);
  const missing = log.vkeys.filter((vkey) => !opened.signed.some((one) => one.vkey.id === vkey.id));
  if (missing.length > 0)
    throw new Fault('unknown-signer', `The pinned key ${missing[0]?.id} has not signed this checkpoint.`);
  return [
    `The log signed a tree of ${size} entries with all ${opened.signed.length} keys that you pinned.`,
    { ...opened, note: note },
  ];
}

async function sameHistory(
  log: WebLog,
  { checkpoint, note }: Opened,
  seen: WebLog['remembered'],
  fact: (...fact: Fact) => void,
): Promise<[string, true]> {
  if (seen === undefined)
    throw new Nothing('This browser has seen no checkpoint of this log before: from now on it remembers the newest.');
  fact('Seen before', `${seen.size} entries, ${toHex(seen.root)}, verified ${seen.at}`);
  if (seen.size > checkpoint.size) {
    throw takenBack(seen.size, checkpoint.size);
  }
  const path = await log.agree({ ...checkpoint, note }, seen);
  fact('Hashes in the proof', String(path.length));
  const same = seen.size === checkpoint.size;
  return [
    same
      ? `This is the very tree of ${seen.size} entries that this browser verified before.`
      : `The tree of ${seen.size} entries that this browser saw before is the beginning of this one: nothing in it was changed or taken away.`,
    true,
  ];
}

async function quorum(
  head: Opened,
  witnessing: Witnessing | undefined,
  fact: (...fact: Fact) => void,
): Promise<[string, true]> {
  if (witnessing === undefined)
    throw new Fault('bad-proof', 'The policy that names the witnesses could not be verified.');
  const { vkeys, quorum: needed, policy } = witnessing;
  fact('Policy', `entry ${policy.index}`);
  if (vkeys.length === 0)
    throw new Nothing(
      'The policy of this log names no witnesses: nobody else vouches for the checkpoint but those who remember it, like this browser.',
    );
  // Each is opened alone, so that one bad line does not hide who else cosigned.
  const good = vkeys.filter((vkey) => cosigned(head.note, vkey, fact));
  fact('Asked for', `${needed} of ${vkeys.length}`);
  if (good.length < needed)
    throw new Fault(
      'bad-signature',
      `Only ${good.length} of the ${needed} witnesses that the policy asks for have cosigned this checkpoint.`,
    );
  return [
    `${good.length} of ${vkeys.length} witnesses cosigned this very checkpoint; the policy asks for ${needed}.`,
    true,
  ];
}

function cosigned(note: Uint8Array, vkey: Witnessing['vkeys'][number], fact: (...fact: Fact) => void): boolean {
  try {
    const [signed] = openCheckpoint(note, [vkey]).signed;
    fact(vkey.name, `cosigned ${new Date((signed?.time ?? 0) * 1000).toISOString()}`);
    return true;
  } catch (error) {
    fact(vkey.name, error instanceof Fault && error.code === 'unknown-signer' ? 'no cosignature' : messageOf(error));
    return false;
  }
}

/** Bytes that mean nothing here have no entry. */
type Leaf = { readonly entry: Entry | undefined; readonly leaf: Hash };

async function readLeaf(
  log: WebLog,
  { size }: Checkpoint,
  index: number,
  fact: (...fact: Fact) => void,
): Promise<[string, Leaf]> {
  if (index >= size)
    throw new Fault('unknown-entry', `There is no entry ${index} yet: the log has ${size}, counted from 0.`);
  const n = Math.floor(index / TILE_WIDTH);
  const tile = { level: 'entries' as const, n, width: widthIn(size, 'entries', n) };
  const bytes = readBundle(await fetchTile(log.get, tile), tile.width)[index % TILE_WIDTH] as Uint8Array;
  const leaf = leafHash(bytes);
  fact('Fetched', tilePath(tile));
  fact('Hashed', `one zero byte and the ${bytes.length} bytes of the entry, with SHA-256`);
  fact('Leaf hash', toHex(leaf));
  return [
    `The log delivered the ${bytes.length} bytes of entry ${index}; this is their fingerprint.`,
    { entry: log.isOpaque ? undefined : readEntry(index, bytes, {}), leaf },
  ];
}

type Signing = { readonly key: PublicKey; readonly use: 'log' | 'root' | 'working'; readonly enrolled: number };

async function signature(
  log: WebLog,
  entry: Entry,
  witnessing: Witnessing | undefined,
  fact: (...fact: Fact) => void,
): Promise<[string, Signing]> {
  fact('Signed with', `key ${entry.signer} (${entry.statement.algorithm})`);
  fact('Signed bytes', `${entry.statement.toBeSigned.length}, SHA-256 ${entry.entryId} in base64url`);
  const signing = await keyOf(log, entry, witnessing);
  if (signing === undefined)
    throw new Fault('unknown-key', 'No entry of the log enrols the key that signed this statement.');
  fact('Key from', `entry ${signing.enrolled}, proven too`);
  if (!verifyStatement(entry.statement, signing.key))
    throw new Fault(
      'bad-signature',
      'The signature of the statement does not verify: somebody changed it, or another key made it.',
    );
  return [`The statement is signed by the key that ${entry.issuer} declared in entry ${signing.enrolled}.`, signing];
}

/** A kid is the hash of its key, so whichever entry names the key, it cannot be another. */
async function keyOf(log: WebLog, { signer }: Entry, witnessing: Witnessing | undefined): Promise<Signing | undefined> {
  for (const policy of witnessing?.policies ?? []) {
    const roots = organisationsOf(policy).flatMap(({ rootKeys }) => rootKeys.map((hex) => [hex, 'root'] as const));
    for (const [hex, use] of [[text(policy.fields.logKey), 'log'] as const, ...roots]) {
      const { key, hex: kid } = readPublicKey(fromHex(hex, 'bad-key'), 'rootKeys');
      if (kid === signer) return { key, use, enrolled: policy.index };
    }
  }
  const { entries } = await log.rows('entries', { kind: 'key', subject: `key:${signer}`, limit: 8 });
  const enrolment = entries.find(({ fields }) => fields.event === 'enroll');
  if (enrolment === undefined) return undefined;
  const { key } = readPublicKey(fromHex(text(enrolment.fields.publicKey), 'bad-key'), 'publicKey');
  return toHex(kidOf(key)) === signer ? { key, use: 'working', enrolled: enrolment.index } : undefined;
}

type KeyNow = Pick<KeyAt, 'keyId' | 'state' | 'maySign' | 'why' | 'taintedBy'>;

const isKeysNow = isMap({
  keys: isList(
    isMap<KeyNow>({ keyId: isText, state: isWord(), maySign: isFlag, why: maybe(isText), taintedBy: maybe(isSize) }),
  ),
});

async function standing(
  log: WebLog,
  entry: Entry,
  { use, enrolled }: Signing,
  fact: (...fact: Fact) => void,
): Promise<[string, true]> {
  fact('Declared in', `entry ${enrolled}`);
  if (use !== 'working')
    return [
      `It is ${use === 'log' ? 'the log’s own key for its clock' : `a root key of ${entry.issuer}`}, declared by the policy in entry ${enrolled}.`,
      true,
    ];
  const { keys } = await log.ask('keys', { key: entry.signer, at: entry.index }, isKeysNow);
  const [key] = keys;
  if (key === undefined) throw new Fault('unknown-key', 'The log knows nothing of the life of this key.');
  fact('State at this entry', key.state);
  if (key.taintedBy !== undefined)
    throw new Fault(
      'refused',
      `The key was later reported compromised, back to before this entry: see entry ${key.taintedBy}.`,
    );
  // Reporting its own compromise is the one thing that a key may do in any state.
  const own = entry.kind === 'key' && entry.fields.event === 'compromise';
  if (!key.maySign && !own)
    throw new Fault(
      'refused',
      `The key was ${key.state} at this entry and might not sign${key.why ? `: it ${key.why}` : ''}.`,
    );
  return [
    `The key ${key.keyId} was ${key.state} when this was logged. That no later entry says otherwise is the log’s word, unless somebody replays it: limmat replay does.`,
    true,
  ];
}
