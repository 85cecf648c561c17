/**
 * The state that admission reads: a fold over the governance entries of a log, kept as tables of plain rows. `admit`
 * reads a `View` and answers with changes; an `Overlay` stacks them, and a `State` merges them once they are committed.
 * Rows are only ever put, never taken away. @module
 */
import { type Hash, type Kid, type StatementId, toHex } from '../core/bytes.ts';
import type { SignedStatement } from '../core/cose.ts';
import type { PublicKey } from '../core/signature.ts';
import type { KeyRecord } from './keystates.ts';
import type { Policy, Role } from './kinds/policy.ts';
import type { KindName } from './names.ts';
import type { Phase } from './phases.ts';

/** An entry of the log, or one that is about to become it. */
export type Entry = { readonly index: number; readonly leafHash: Hash; readonly statement: SignedStatement };

/** Earlier entries of the same log or batch, and the roots of earlier turns; undefined for a size there was not. */
export type Lookup = { entry(index: number): Entry | undefined; rootAt(size: number): Hash | undefined };

/** The policy in force: where it stands, and where it took effect. */
export type PolicyInForce = { readonly index: number; readonly since: number; readonly policy: Policy };

export type Organisation = {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** Root keys by kid. */
  readonly roots: readonly string[];
  readonly threshold: number;
  /** Where roots and threshold became what they are: proposals made before are void. */
  readonly rootsSince: number;
  /** It is in no policy any more. Its id stays taken. */
  readonly left: boolean;
};

/** A public key that has a use in this log. It keeps it for ever, whatever may happen to the right to sign. */
export type KnownKey = {
  readonly kid: Kid;
  readonly key: PublicKey;
  readonly use: 'root' | 'working' | 'log';
  readonly organisation: string;
};

/** What is declared once and retired once, at these entries. */
export type Declared = { readonly organisation: string; readonly declared: number; readonly retired?: number };

export type Site = Declared & { readonly siteId: string; readonly country: string; readonly operator: string };

export type Process = Declared & {
  readonly processId: string;
  readonly title: string;
  readonly dataCategories: readonly string[];
};

/** What a relocation is about. */
export type Scope = {
  readonly process: string;
  readonly dataCategories: readonly string[];
  readonly subjectCountries: readonly string[];
  readonly from: readonly string[];
  readonly to: readonly string[];
};

export type Relocation = {
  readonly organisation: string;
  readonly relocationId: string;
  /** The last phase, and the entry that says it. */
  readonly phase: Phase;
  readonly index: number;
  /** The last that was said, whatever came after it. */
  readonly percent?: number | undefined;
  readonly scope: Scope;
};

/** An event that was logged and waits for further root keys. */
export type Proposal = {
  readonly index: number;
  readonly kind: KindName;
  readonly organisation: string;
  /** The log's clock when it was made. */
  readonly at: string;
  /** The organisations that have to agree. */
  readonly needs: readonly string[];
  /** The root keys that have signed, by kid; the first made the proposal. */
  readonly signers: readonly string[];
  /** The index of the approval by which it took effect. */
  readonly done?: number;
};

/** Every table with its rows; the comment says what the id of a row is. */
export type Tables = {
  /** '' (there is one) */
  policy: PolicyInForce;
  /** '' (there is one): the last heartbeat */
  heartbeat: { readonly index: number; readonly at: string };
  /** organisation id */
  organisation: Organisation;
  /** kid */
  knownKey: KnownKey;
  /** kid */
  key: KeyRecord;
  /** `nameOf` organisation and keyId; the row is the kid */
  keyId: string;
  /** `nameOf` organisation and siteId */
  site: Site;
  /** `nameOf` organisation and processId */
  process: Process;
  /** `nameOf` organisation and relocationId */
  relocation: Relocation;
  /** index of the entry */
  proposal: Proposal;
  /** id of a governance statement; the row is its index */
  seen: number;
};
export type Table = keyof Tables;

/** One put, as plain data. */
export type Change = { [T in Table]: { readonly table: T; readonly id: string; readonly row: Tables[T] } }[Table];

export function put<T extends Table>(table: T, id: string, row: Tables[T]): Change {
  return { table, id, row } as Change;
}

export interface View {
  get<T extends Table>(table: T, id: string): Tables[T] | undefined;
}

/** The view of a log without entries. */
export const EMPTY: View = { get: () => undefined };

type Rows = { [T in Table]: Map<string, Tables[T]> };

function noRows(): Rows {
  return {
    policy: new Map(),
    heartbeat: new Map(),
    organisation: new Map(),
    knownKey: new Map(),
    key: new Map(),
    keyId: new Map(),
    site: new Map(),
    process: new Map(),
    relocation: new Map(),
    proposal: new Map(),
    seen: new Map(),
  };
}

/** The state after the entries whose changes were merged, and no others. */
export class State implements View {
  readonly #rows = noRows();

  get<T extends Table>(table: T, id: string): Tables[T] | undefined {
    return this.#rows[table].get(id);
  }

  /** All rows of a table by their ids. */
  rows<T extends Table>(table: T): ReadonlyMap<string, Tables[T]> {
    return this.#rows[table];
  }

  merge(changes: readonly Change[]): void {
    for (const { table, id, row } of changes) (this.#rows[table] as Map<string, unknown>).set(id, row);
  }
}

/** Changes on top of a view: what later statements of a batch see. To undo them, drop it. */
export class Overlay implements View {
  readonly #base: View;
  readonly #rows = noRows();
  /** Everything put so far, in order, for `merge`. */
  readonly changes: Change[] = [];

  constructor(base: View) {
    this.#base = base;
  }

  get<T extends Table>(table: T, id: string): Tables[T] | undefined {
    return this.#rows[table].get(id) ?? this.#base.get(table, id);
  }

  put(changes: readonly Change[]): void {
    for (const change of changes) {
      (this.#rows[change.table] as Map<string, unknown>).set(change.id, change.row);
      this.changes.push(change);
    }
  }
}

/** The identity of what an organisation declares: ids have no slash. */
export function nameOf(organisation: string, id: string): string {
  return `${organisation}/${id}`;
}

/** The organisation, if it is one of the policy in force. */
export function memberOf(view: View, id: string): Organisation | undefined {
  const organisation = view.get('organisation', id);
  return organisation?.left === false ? organisation : undefined;
}

/** The public keys that changes introduce: what their entries let others sign from now on, or let signatures verify. */
export function knownKeys(changes: readonly Change[]): KnownKey[] {
  return changes.flatMap((change) => (change.table === 'knownKey' ? [change.row] : []));
}

/** The id under which a governance statement is seen. */
export const seenId = (id: StatementId): string => toHex(id);
