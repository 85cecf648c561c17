/**
 * A logged-in session with a PKCS#11 token, through the package `pkcs11js`: as much of the interface as signing needs,
 * and what its errors mean for an operator. `pkcs11js` is compiled when it is installed, so it may be missing. @module
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Fault, messageOf } from '../core/fault.ts';
import { closeAfterError } from './close.ts';
import { checkPrivate } from './seed.ts';

/** Where a token is, and how to log in. Nothing in it is secret. */
export type TokenConfig = {
  /** The PKCS#11 library of the token's maker. */
  readonly module: string;
  /** The label of the token. */
  readonly token: string;
  /** A file with the PIN, which only its owner may read. */
  readonly pinFile: string;
};

export type Handle = Buffer;
export type Attribute = { readonly type: number; readonly value?: number | boolean | string | Buffer };
type Mechanism = { readonly mechanism: number };

/** Of `pkcs11js`, whose own types are not there where it could not be installed. */
interface Pkcs11 {
  load(path: string): void;
  close(): void;
  C_Initialize(): void;
  C_Finalize(): void;
  C_GetSlotList(tokenPresent: boolean): Handle[];
  C_GetTokenInfo(slot: Handle): { readonly label: string };
  C_OpenSession(slot: Handle, flags: number): Handle;
  C_CloseSession(session: Handle): void;
  C_Login(session: Handle, userType: number, pin: string): void;
  C_FindObjectsInit(session: Handle, template: readonly Attribute[]): void;
  C_FindObjects(session: Handle, most: number): Handle[];
  C_FindObjectsFinal(session: Handle): void;
  C_GetAttributeValue(session: Handle, object: Handle, template: readonly Attribute[]): { readonly value: Buffer }[];
  C_GenerateKeyPair(
    s: Handle,
    m: Mechanism,
    publicKey: readonly Attribute[],
    privateKey: readonly Attribute[],
  ): unknown;
  C_SignInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_Sign(session: Handle, data: Buffer, room: Buffer): Buffer;
}

// Names and numbers of PKCS#11, pkcs11t.h.
export const CKA = {
  CLASS: 0x000,
  TOKEN: 0x001,
  PRIVATE: 0x002,
  LABEL: 0x003,
  KEY_TYPE: 0x100,
  ID: 0x102,
  SENSITIVE: 0x103,
  SIGN: 0x108,
  VERIFY: 0x10a,
  EXTRACTABLE: 0x162,
  EC_PARAMS: 0x180,
  EC_POINT: 0x181,
} as const;
const CKF_RW_SESSION = 2;
const CKF_SERIAL_SESSION = 4;
const CKU_USER = 1;

const MEANING: Readonly<Record<string, string>> = {
  CKR_PIN_INCORRECT:
    'the PIN is wrong; correct the PIN file before the next try, for after a few the token locks itself',
  CKR_PIN_INVALID: 'the PIN cannot be one of this token; correct the PIN file',
  CKR_PIN_LEN_RANGE: 'the PIN is too long or too short; correct the PIN file',
  CKR_PIN_LOCKED: 'the PIN is locked after too many wrong ones; its security officer can set another',
  CKR_USER_PIN_NOT_INITIALIZED: 'it has no user PIN yet; its security officer sets one',
  CKR_MECHANISM_INVALID: 'it does not know this kind of key; a log needs Ed25519 (CKM_EDDSA) and P-256 (CKM_ECDSA)',
};

export class TokenSession {
  readonly #pkcs11: Pkcs11;
  readonly #slot: Handle;
  readonly #session: Handle;
  readonly #name: string;

  /** Fault `bad-key` that says what is missing, and what to do about it. */
  constructor({ module, token, pinFile }: TokenConfig) {
    checkPrivate(pinFile, 'PIN file');
    const pin = readFileSync(pinFile, 'utf8').replace(/\r?\n$/, '');
    // Not tried: a token locks itself after a few wrong ones.
    if (pin.startsWith('\ufeff')) {
      throw new Fault('bad-key', `${pinFile} begins with a byte order mark: save it as UTF-8 without one`);
    }
    this.#name = `the token "${token}"`;
    this.#pkcs11 = loadModule(module);
    try {
      this.#slot = findSlot(this.#pkcs11, token, module);
      this.#session = this.#call('be opened', (pkcs11) => pkcs11.C_OpenSession(this.#slot, CKF_SERIAL_SESSION));
      this.#call('be logged in to', (pkcs11) => pkcs11.C_Login(this.#session, CKU_USER, pin));
    } catch (error) {
      closeAfterError(this);
      throw error;
    }
  }

  /** The objects that have all of these attributes; not more than two of them, for nobody needs more. */
  find(template: readonly Attribute[]): Handle[] {
    return this.#call('be searched', (pkcs11) => {
      pkcs11.C_FindObjectsInit(this.#session, template);
      const found = pkcs11.C_FindObjects(this.#session, 2);
      pkcs11.C_FindObjectsFinal(this.#session);
      return found;
    });
  }

  attribute(object: Handle, type: number): Buffer {
    const [found] = this.#call('be read', (pkcs11) => pkcs11.C_GetAttributeValue(this.#session, object, [{ type }]));
    return (found as { value: Buffer }).value;
  }

  /** Makes a pair of keys, in a session of its own: all others only read. */
  generate(mechanism: number, publicKey: readonly Attribute[], privateKey: readonly Attribute[]): void {
    this.#call('make a key', (pkcs11) => {
      const writing = pkcs11.C_OpenSession(this.#slot, CKF_SERIAL_SESSION + CKF_RW_SESSION);
      try {
        pkcs11.C_GenerateKeyPair(writing, { mechanism }, publicKey, privateKey);
      } finally {
        pkcs11.C_CloseSession(writing);
      }
    });
  }

  sign(mechanism: number, key: Handle, data: Uint8Array, bytes: number): Uint8Array {
    return this.#call('sign', (pkcs11) => {
      pkcs11.C_SignInit(this.#session, { mechanism }, key);
      return Uint8Array.from(pkcs11.C_Sign(this.#session, Buffer.from(data), Buffer.alloc(bytes)));
    });
  }

  close(): void {
    try {
      this.#pkcs11.C_Finalize();
    } finally {
      this.#pkcs11.close();
    }
  }

  #call<T>(what: string, work: (pkcs11: Pkcs11) => T): T {
    try {
      return work(this.#pkcs11);
    } catch (error) {
      const name = messageOf(error);
      throw new Fault('bad-key', `${this.#name} cannot ${what}: ${MEANING[name] ?? name}`, { cause: error });
    }
  }
}

/** Whether a Fault of a session says that the token did not take the PIN. */
export function isPinRefused(error: unknown): boolean {
  return error instanceof Fault && /^CKR_(USER_)?PIN_/.test(messageOf(error.cause));
}

function loadModule(module: string): Pkcs11 {
  const pkcs11 = binding();
  try {
    pkcs11.load(module);
  } catch (error) {
    const next = 'install the PKCS#11 library of the token, or correct "module"';
    throw new Fault('bad-key', `cannot load ${module}: ${messageOf(error)}; ${next}`);
  }
  try {
    pkcs11.C_Initialize();
  } catch (error) {
    closeAfterError(pkcs11);
    throw new Fault('bad-key', `${module} does not start: ${messageOf(error)}; see how its own tools find their token`);
  }
  return pkcs11;
}

function binding(): Pkcs11 {
  try {
    const { PKCS11 } = createRequire(import.meta.url)('pkcs11js') as { PKCS11: new () => Pkcs11 };
    return new PKCS11();
  } catch (error) {
    throw new Fault(
      'bad-key',
      `the package pkcs11js is not installed, which keys in a token need: install python3, make and a C++ compiler, then run \`npm rebuild pkcs11js\` or \`npm ci\` again`,
      { cause: error },
    );
  }
}

/** Labels are padded with blanks to 32 bytes. */
function findSlot(pkcs11: Pkcs11, token: string, module: string): Handle {
  const labelled = pkcs11
    .C_GetSlotList(true)
    .map((slot) => ({ slot, label: pkcs11.C_GetTokenInfo(slot).label.trimEnd() }));
  const [found, ...more] = labelled.filter(({ label }) => label === token);
  if (found && more.length === 0) return found.slot;
  const there = labelled.flatMap(({ label }) => (label === '' ? [] : [`"${label}"`])).join(', ') || 'none';
  if (found) throw new Fault('bad-key', `${module} has more than one token "${token}": give them different labels`);
  throw new Fault('bad-key', `${module} has no token "${token}", there is ${there}: connect it, or correct "token"`);
}
