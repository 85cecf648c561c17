/**
 * The keys of a log, or of a witness, in a PKCS#11 token, where they are made and which they cannot leave; the other
 * adapter of `Keyring` is the seed's. A token keeps a key under the label `limmat <origin or name> <use> <n>`. @module
 */
import { sha256 } from '#sha256';
import { utf8 } from '../core/bytes.ts';
import { Fault, messageOf } from '../core/fault.ts';
import { ALGORITHMS } from '../core/logkeys.ts';
import { type PublicKey, publicKey, type Signer, signatureBytes, verify } from '../core/signature.ts';
import type { Keyring, KeyringUse } from '../log/ports.ts';
import { type Attribute, CKA, type Handle, isPinRefused, type TokenConfig, TokenSession } from './pkcs11.ts';

const CKO_PUBLIC_KEY = 2;
const CKO_PRIVATE_KEY = 3;

/** How PKCS#11 (3.0 §2.3) makes and uses each kind of key; curves are named by their object identifiers. */
const KINDS = {
  ed25519: { keyType: 0x40, curve: '06032b6570', generate: 0x1055, sign: 0x1057, point: 32, signs: asItIs },
  p256: { keyType: 0x03, curve: '06082a8648ce3d030107', generate: 0x1040, sign: 0x1041, point: 65, signs: sha256 },
} as const;

/** What a token keeps keys for. */
export type TokenUse = KeyringUse | 'witness-ed25519';

export class TokenKeyring implements Keyring {
  readonly #config: TokenConfig;
  readonly #origin: string;
  #session: TokenSession;
  /** Private keys of this session by label. */
  #handles = new Map<string, Handle>();
  #isLost = false;
  /** That the token did not take the PIN, which is not tried again. */
  #refused: unknown;

  /** Fault `bad-key` if the token cannot be reached, with what to do about it. */
  constructor(config: TokenConfig, origin: string) {
    this.#config = config;
    this.#session = new TokenSession(config);
    this.#origin = origin;
  }

  has(use: TokenUse, n: number): boolean {
    return this.#find(CKO_PRIVATE_KEY, this.#label(use, n)).length > 0;
  }

  make(use: TokenUse, n: number): void {
    if (this.has(use, n)) return;
    const { keyType, curve, generate } = KINDS[ALGORITHMS[use]];
    const label = utf8(this.#label(use, n));
    const common: Attribute[] = [
      { type: CKA.TOKEN, value: true },
      { type: CKA.LABEL, value: Buffer.from(label) },
      { type: CKA.ID, value: Buffer.from(sha256(label)) },
      { type: CKA.KEY_TYPE, value: keyType },
    ];
    this.#session.generate(
      generate,
      [...common, { type: CKA.VERIFY, value: true }, { type: CKA.EC_PARAMS, value: Buffer.from(curve, 'hex') }],
      [
        ...common,
        { type: CKA.PRIVATE, value: true },
        { type: CKA.SENSITIVE, value: true },
        { type: CKA.EXTRACTABLE, value: false },
        { type: CKA.SIGN, value: true },
      ],
    );
  }

  signer(use: TokenUse, n: number): Signer {
    const algorithm = ALGORITHMS[use];
    const { sign, signs } = KINDS[algorithm];
    const label = this.#label(use, n);
    const key = this.#publicKey(use, label);
    this.#handle(label);
    return {
      key,
      sign: (message) => {
        const signature = this.#whileThere(() =>
          this.#session.sign(sign, this.#handle(label), signs(message), signatureBytes(algorithm)),
        );
        // What a broken token signs may give its key away; it must not leave this process.
        if (verify(key, message, signature)) return signature;
        throw new Fault('bad-key', `the token made a signature by "${label}" that does not verify: it needs repair`);
      },
    };
  }

  close(): void {
    if (!this.#isLost) this.#session.close();
  }

  /**
   * Signs in a new session if the one that there was is lost. Fault `key-away` if there is none to be had now; one that
   * the token refused the PIN for stays `bad-key`, since it locks itself after a few such tries.
   */
  #whileThere<T>(work: () => T): T {
    if (this.#refused) throw this.#refused;
    try {
      if (!this.#isLost) return work();
    } catch {
      this.#isLost = true;
    }
    try {
      this.#reopen();
      return work();
    } catch (error) {
      this.#isLost = true;
      if (isPinRefused(error)) this.#refused = error;
      if (this.#refused) throw error;
      throw new Fault('key-away', messageOf(error), { cause: error });
    }
  }

  #reopen(): void {
    try {
      this.#session.close();
    } catch {
      // It was lost.
    }
    this.#handles.clear();
    this.#session = new TokenSession(this.#config);
    this.#isLost = false;
  }

  #handle(label: string): Handle {
    const handle = this.#handles.get(label) ?? this.#one(CKO_PRIVATE_KEY, label);
    this.#handles.set(label, handle);
    return handle;
  }

  #publicKey(use: TokenUse, label: string): PublicKey {
    const algorithm = ALGORITHMS[use];
    const { point } = KINDS[algorithm];
    const found = Uint8Array.from(this.#session.attribute(this.#one(CKO_PUBLIC_KEY, label), CKA.EC_POINT));
    // SPEC: the DER encoding of an OCTET STRING around the point. Some tokens leave the wrapping away.
    const isWrapped = found.length === point + 2 && found[0] === 0x04 && found[1] === point;
    return publicKey(algorithm, isWrapped ? found.subarray(2) : found);
  }

  #one(kind: number, label: string): Handle {
    const [found, another] = this.#find(kind, label);
    if (found && !another) return found;
    const what = found ? 'more than one key' : 'no key';
    const next = 'is it the token that `limmat init` made this log on, or was one removed from it?';
    throw new Fault('bad-key', `the token has ${what} "${label}": ${next}`);
  }

  #find(kind: number, label: string): Handle[] {
    return this.#session.find([
      { type: CKA.CLASS, value: kind },
      { type: CKA.LABEL, value: Buffer.from(label) },
    ]);
  }

  #label(use: TokenUse, n: number): string {
    return `limmat ${this.#origin} ${use} ${n}`;
  }
}

function asItIs(message: Uint8Array): Uint8Array {
  return message;
}
