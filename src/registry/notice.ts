/**
 * The notice rule, VOCABULARY §1: what silences others is announced in the policy in force, and comes into force only
 * when witnesses saw the log with the announcement in it, and saw it again after as many days as supervisors are
 * promised. A policy in between announces anew: the days begin with it. @module
 */
import { equal, toHex } from '../core/bytes.ts';
import { type OpenedCheckpoint, openCheckpoint } from '../core/cosignature.ts';
import { Fault } from '../core/fault.ts';
import { parseVkey } from '../core/note.ts';
import type { Announcement, Policy } from './kinds/policy.ts';
import type { KindName } from './names.ts';
import { refuse } from './rule.ts';
import type { Lookup, PolicyInForce } from './view.ts';

/** Kinds by which others speak, or are held to account; the operator cannot just drop them. */
const PROTECTED: readonly KindName[] = ['attestation', 'review', 'key', 'approval'];
const DAY = 86_400;

/** Whether the policy in force announced something, and the notice that was given of it is good. */
export type Announced = (isIt: (announced: Announcement) => boolean) => boolean;

/** Reads the notice that a policy brings; nothing is announced for one that brings none. Refuses notice that is not good. */
export function readNotice(now: PolicyInForce, next: Policy, index: number, lookup: Lookup): Announced {
  const { announces = [], witnesses, witnessQuorum } = now.policy;
  if (next.notice === undefined) return () => false;
  if (witnesses === undefined || witnessQuorum === undefined) {
    refuse('notice', 'the policy in force has no witnesses, so nobody can have seen that notice was given');
  }
  if (announces.length === 0) refuse('notice', `the policy in force, entry ${now.index}, announces nothing`);
  const vkeys = witnesses.map(parseVkey);
  const [first, second] = next.notice.map((note, i) => {
    const seen = openNote(note, vkeys, `notice[${i}]`);
    checkTree(seen, now, index, lookup, `notice[${i}]`);
    const cosigned = vkeys.map((vkey) => seen.signed.filter((one) => one.vkey === vkey).map(({ time = 0 }) => time));
    const count = cosigned.filter((times) => times.length > 0).length;
    if (count < witnessQuorum) refuse('notice', `notice[${i}] has ${count} of ${witnessQuorum} cosignatures`);
    return cosigned;
  }) as [number[][], number[][]];
  // Whoever cosigned only one of them has seen nothing last; of several times of one witness the least favourable counts.
  const days = now.policy.supervisorNoticeDays;
  const patient = first.filter((times, i) => {
    const later = second[i] as number[];
    return times.length > 0 && later.length > 0 && Math.min(...later) - Math.max(...times) >= days * DAY;
  });
  if (patient.length < witnessQuorum) {
    refuse('notice', `${patient.length} of ${witnessQuorum} witnesses cosigned both notes at least ${days} days apart`);
  }
  return (isIt) => announces.some(isIt);
}

function openNote(note: Uint8Array, vkeys: ReturnType<typeof parseVkey>[], name: string): OpenedCheckpoint {
  try {
    return openCheckpoint(note, vkeys);
  } catch (error) {
    if (error instanceof Fault) refuse('notice', `${name}: ${error.message}`);
    throw error;
  }
}

/** SPEC: both sizes are greater than the announcement's index, each root equals `lookup.rootAt(size)`. */
function checkTree({ checkpoint }: OpenedCheckpoint, now: PolicyInForce, index: number, lookup: Lookup, name: string) {
  const { origin, size, root } = checkpoint;
  if (origin !== now.policy.origin) refuse('notice', `${name} is a checkpoint of ${origin}`);
  if (size <= now.since) {
    refuse('notice', `${name} has size ${size}, and the announcement took effect at entry ${now.since}`);
  }
  const own = size <= index ? lookup.rootAt(size) : undefined;
  if (own === undefined) refuse('notice', `${name} has size ${size}, and the log was smaller before this policy`);
  if (!equal(own, root)) refuse('notice', `${name} is of another tree: the root at size ${size} is ${toHex(own)}`);
}

/** Refuses what follows the notice rule and was not announced. Changes of organisations are up to `amendment.ts`. */
export function requireNotice(old: Policy, next: Policy, announced: Announced): void {
  for (const kind of PROTECTED) {
    const isDropped = old.kinds.includes(kind) && !next.kinds.includes(kind);
    if (isDropped && !announced(({ dropsKinds = [] }) => dropsKinds.includes(kind)))
      silent(`dropping ${kind} from kinds`);
  }
  const { supervisorNoticeDays } = next;
  const isShorter = supervisorNoticeDays < old.supervisorNoticeDays;
  if (isShorter && !announced((one) => one.supervisorNoticeDays === supervisorNoticeDays)) {
    silent('shortening supervisorNoticeDays');
  }
  const isOther = !hasSameWitnesses(old, next);
  if (isOther && !announced((one) => one.witnesses !== undefined && hasSameWitnesses(one, next))) {
    silent('changing witnesses or witnessQuorum');
  }
}

type Witnesses = Pick<Announcement, 'witnesses' | 'witnessQuorum'>;

function hasSameWitnesses(a: Witnesses, b: Witnesses): boolean {
  const [one, two] = [a, b].map(({ witnesses = [] }) => [...witnesses].sort().join('\n'));
  return one === two && a.witnessQuorum === b.witnessQuorum;
}

export function silent(what: string): never {
  return refuse(
    'notice',
    `${what} needs notice: a policy that announces it, then this one with two checkpoints of the log that came after ` +
      'that, which the witnesses cosigned as many days apart as supervisors are promised',
  );
}
