/**
 * Decides when outsiders have seen enough of a head for it to be published: asks the witnesses of a policy, counts their
 * cosignatures, and has looked into what a witness says against this log. @module
 */
import { equal, utf8 } from '../core/bytes.ts';
import type { Head } from '../core/checkpoint.ts';
import { openCheckpoint, type Signed } from '../core/cosignature.ts';
import { Fault } from '../core/fault.ts';
import { formatNote, type NoteSignature, parseNote, type Vkey } from '../core/note.ts';
import { evaluate, explain, isMet, type Verdict } from '../core/quorum.ts';
import type { Policy } from '../core/tlogpolicy.ts';
import { type AccusedParts, lookInto } from './accused.ts';
import { type Outcome, type Told, Witnesses, type WitnessesParts, type WitnessStatus } from './cosign.ts';
import type { PublishedNote } from './ports.ts';
import type { SignedHead } from './sign.ts';

export type WitnessingParts = AccusedParts &
  Omit<WitnessesParts, 'targets' | 'largest'> & {
    readonly policy: Policy;
    /** Publishes without a quorum, and says so. */
    readonly failOpen: boolean;
    readonly report: (status: WitnessingStatus) => void;
  };

/** What an operator wants to know of all witnesses. */
export type WitnessingStatus = {
  readonly failOpen: boolean;
  /** Whether the last round met the quorum; undefined before the first. */
  readonly quorum: boolean | undefined;
  /** When rounds began to end without one, in milliseconds since 1970. */
  readonly withoutSince: number | undefined;
  /** How many checkpoints were published without one since the start. */
  readonly publishedWithout: number;
  readonly witnesses: readonly WitnessStatus[];
};

/** What came of a round. */
export type Gathered = {
  /** The note that may be published now; undefined if none may. */
  readonly note: Uint8Array | undefined;
  /** What to do though nothing changed; known when every witness has been heard. */
  readonly again: Promise<Again>;
};

/** What a head still needs that is and stays the newest. */
export type Again = {
  /** In milliseconds from now. */
  readonly due: number;
  /** Asks those alone whose cosignatures are missing; without it the head is to be signed anew, and all are asked. */
  readonly askMissing?: () => Promise<Again>;
};

type Cosigned = Extract<Outcome, { kind: 'cosigned' }>;

/** A quiet log is cosigned again so often that no cosignature is ever an hour old, also if a round fails. */
const FRESH_FOR = 30 * 60_000;
/** A round begins so long after the last at the earliest, in milliseconds; each witness has its own back-off beside. */
const LEAST = 100;
/** After these a witness has not said yet how large it knows the log to be, or not of the newest head. */
const UNHEARD: readonly Outcome['kind'][] = ['busy', 'broken', 'superseded'];

export class Witnessing {
  readonly #parts: WitnessingParts;
  readonly #witnesses: Witnesses;
  readonly #looking = new Set<Promise<void>>();
  #quorum: boolean | undefined;
  #withoutSince: number | undefined;
  #publishedWithout = 0;
  /** Whoever has said something of its own since the start. */
  readonly #heard = new Set<string>();
  /** What strangers see: its size, and how many lines of witnesses it has; no number of lines replaces a quorum. */
  #shown = { size: -1, lines: 0 };

  /** Fault `bad-policy` if the policy is not for this log, or its quorum could never be met. */
  constructor(parts: WitnessingParts) {
    const { policy, origin, vkeys, tree } = parts;
    const targets = policy.witnesses.flatMap(({ name, vkey, url }) => (url ? [{ name, vkey, url: baseOf(url) }] : []));
    if (policy.logs.length > 0 && !policy.logs.some(({ vkey }) => vkeys.some((own) => isSame(own, vkey)))) {
      throw new Fault('bad-policy', `the policy has log lines, and none of them is a key of ${origin}`);
    }
    if (!isMet(policy, new Set(targets.map(({ name }) => name)))) {
      throw new Fault('bad-policy', 'the quorum cannot be met by the witnesses that have a URL in the policy');
    }
    this.#parts = parts;
    this.#witnesses = new Witnesses({ ...parts, targets, largest: tree.guarded() });
    if (parts.failOpen) parts.tell('error', 'checkpoints are published without witnesses: --witness-fail-open is on');
  }

  /**
   * Asks every witness what it knows of this log, before anything is signed anew: with the checkpoint that was published
   * last, which is no secret, or else by looking at what it shows. Resolves when all have answered, or the time is up.
   */
  async probe(published: PublishedNote | undefined): Promise<void> {
    if (published) {
      const { policy, vkeys } = this.#parts;
      const { checkpoint, note, signed } = openCheckpoint(published.note, [
        ...vkeys,
        ...policy.witnesses.map(({ vkey }) => vkey),
      ]);
      const { quorum, counted } = evaluate(policy, { checkpoint, signed });
      this.#shown = { size: checkpoint.size, lines: quorum ? Number.POSITIVE_INFINITY : counted.length };
      await this.#ask(checkpoint, formatNote({ text: note.text, signatures: this.#ownLines(note.signatures) }));
    } else {
      const { witnesses } = this.status();
      await Promise.all(witnesses.map(({ name, url }) => lookInto(this.#parts, { name, url })));
    }
    await Promise.all(this.#looking);
  }

  /**
   * Resolves when the quorum is met, or when every witness has been heard and it is not. `late` is told of the note with
   * each cosignature that comes after the quorum was met, also of those that were away and are asked again.
   */
  gather(head: SignedHead, late: (note: Uint8Array) => void): Promise<Gathered> {
    const { policy, origin, clock } = this.#parts;
    const freshUntil = clock().getTime() + FRESH_FOR;
    const { text, signatures } = parseNote(head.note);
    const lines: NoteSignature[] = [];
    const signed: Signed[] = [];
    const note = () => utf8(formatNote({ text, signatures: [...signatures, ...lines] }));
    const verdict = () => evaluate(policy, { checkpoint: { ...head, origin }, signed });
    return new Promise((resolve, reject) => {
      let met = false;
      const look = () => {
        if (met) return late(note());
        met = verdict().quorum;
        if (!met) return;
        this.#setQuorum(true);
        this.#shown = { size: head.size, lines: Number.POSITIVE_INFINITY };
        resolve({ note: note(), again });
      };
      const take = (outcome: Cosigned) => {
        lines.push(...outcome.lines);
        signed.push(...outcome.signed);
        look();
      };
      const heard = this.#ask(head, head.note, take);
      const next = (): Again => {
        const [due, anew] = [this.#dueIn(), Math.max(LEAST, freshUntil - clock().getTime())];
        return due < anew ? { due, askMissing } : { due: anew };
      };
      // Whoever is away is asked for the same note when that is due: the others need not cosign again for it.
      const askMissing = async () => {
        await this.#ask(head, head.note, take, 'missing').catch(this.#parts.freeze);
        this.#parts.report(this.status());
        return next();
      };
      const again = heard.then(next, next);
      look(); // a policy may ask for nobody
      heard.then(
        () => {
          if (!met) resolve(this.#without(head, note(), verdict()));
          this.#parts.report(this.status());
        },
        // Whoever was resolved with a quorum hears of it no more.
        (error) => (met ? this.#parts.freeze(error) : reject(error)),
      );
    });
  }

  status(): WitnessingStatus {
    return {
      failOpen: this.#parts.failOpen,
      quorum: this.#quorum,
      withoutSince: this.#withoutSince,
      publishedWithout: this.#publishedWithout,
      witnesses: this.#witnesses.status(),
    };
  }

  #ask(
    { size, root }: Head,
    note: Uint8Array | string,
    cosigned: (outcome: Cosigned) => void = () => {},
    whom: 'all' | 'missing' = 'all',
  ): Promise<void> {
    const { tree, deadline } = this.#parts;
    const round = {
      checkpoint: { size, root },
      note: typeof note === 'string' ? utf8(note) : note,
      prove: (old: number) => tree.prove(old, size),
      deadline: deadline(),
    };
    const told: Told = (name, outcome, news) => {
      if (outcome.kind === 'cosigned') cosigned(outcome);
      if (news) this.#hear(name, outcome);
      // Who was passed over, as a newer round had come, has not been asked.
      if (!UNHEARD.includes(outcome.kind)) this.#heard.add(name);
    };
    return this.#witnesses.ask(round, told, whom);
  }

  /** Tells what has changed about a witness. */
  #hear(name: string, outcome: Outcome): void {
    const { tell } = this.#parts;
    if (outcome.kind === 'cosigned') tell('info', `the witness ${name} cosigns`);
    else if (outcome.kind === 'busy' || outcome.kind === 'broken') {
      tell('error', `the witness ${name} does not cosign: ${outcome.why}`);
    } else if (outcome.kind === 'forked' || outcome.kind === 'rolled-back') {
      const url = this.#witnesses.status().find((one) => one.name === name)?.url as string;
      const isGate = outcome.kind === 'rolled-back' && !this.#heard.has(name);
      const accuser = { name, url, claim: outcome.why, isGate };
      const looking = lookInto(this.#parts, accuser).finally(() => this.#looking.delete(looking));
      this.#looking.add(looking);
    }
  }

  #without({ size }: Head, note: Uint8Array, verdict: Verdict): Gathered {
    const { policy, failOpen, tell, clock } = this.#parts;
    const shown = this.#shown;
    const lines = verdict.counted.length;
    this.#withoutSince ??= clock().getTime();
    this.#setQuorum(false, explain(policy, verdict));
    const again = Promise.resolve({ due: this.#dueIn() });
    // What has a quorum is not replaced by what has none, and nothing by the same. Failing open is for witnesses that
    // are away: one that says that this log has another history is not.
    const adds = size > shown.size || (size === shown.size && lines > shown.lines);
    const isAccused = this.#witnesses.status().some(({ alarm }) => alarm !== undefined);
    if (!failOpen || !adds || isAccused) return { note: undefined, again };
    this.#shown = { size, lines };
    this.#publishedWithout++;
    tell('error', `size ${size} is published without a quorum of witnesses: --witness-fail-open is on`);
    return { note, again };
  }

  /** When the first witness may be asked again that did not cosign, or else all for a fresh cosignature, in milliseconds. */
  #dueIn(): number {
    const now = this.#parts.clock().getTime();
    // Also of one that was passed over in this round, and could be asked by now.
    const due = this.#witnesses.status().flatMap(({ trouble, retryAt }) => (trouble ? [retryAt - now] : []));
    return Math.max(LEAST, Math.min(FRESH_FOR, ...due));
  }

  #setQuorum(quorum: boolean, why: readonly string[] = []): void {
    if (quorum) this.#withoutSince = undefined;
    if (this.#quorum === quorum) return;
    const { tell, report } = this.#parts;
    if (!quorum) tell('error', `no quorum of witnesses: ${why.slice(1).join('; ')}`);
    else if (this.#quorum === false) tell('info', 'the quorum of witnesses is met again');
    this.#quorum = quorum;
    report(this.status());
  }

  #ownLines(signatures: readonly NoteSignature[]): NoteSignature[] {
    return signatures.filter(({ name, id }) => this.#parts.vkeys.some((own) => own.name === name && own.id === id));
  }
}

function isSame(a: Vkey, b: Vkey): boolean {
  return a.name === b.name && a.id === b.id && equal(a.key.bytes, b.key.bytes);
}

/** The submission prefix of a witness without a slash at its end. */
function baseOf(url: string): string {
  if (!/^https?:\/\/[^\s]+$/.test(url) || !URL.canParse(url)) {
    throw new Fault('bad-policy', `${url.slice(0, 100)} is not the http or https URL of a witness`);
  }
  return url.replace(/\/+$/, '');
}
