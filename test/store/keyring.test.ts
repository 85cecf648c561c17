import { chmodSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8 } from '../../src/core/bytes.ts';
import { verify } from '../../src/core/signature.ts';
import type { TokenConfig } from '../../src/store/pkcs11.ts';
import { seedKeyring } from '../../src/store/seed.ts';
import { TokenKeyring } from '../../src/store/token.ts';
import { faults } from '../check.ts';
import { testKeyring } from '../contract/keyring.ts';
import { PIN, softHsm } from '../softhsm.ts';

// The keys of a log by both adapters: derived from its seed, and in a PKCS#11 token, here of SoftHSM.

testKeyring(test, 'seed', () => {
  const seed = crypto.getRandomValues(new Uint8Array(32));
  return { open: () => seedKeyring(seed) };
});

const hsm = softHsm();
if (hsm) {
  const ORIGIN = 'log.example/token';
  let tokens = 0;
  const create = () => {
    const config = hsm.addToken(`token ${++tokens}`);
    return { config, open: (origin = ORIGIN) => new TokenKeyring(config, origin) };
  };
  testKeyring(test, 'token', create);

  test('token: a key that was never made is missed, and so is one of another log', () => {
    const { open } = create();
    const keyring = open();
    keyring.make('receipt-p256', 0);
    assert.equal([keyring.has('receipt-p256', 0), keyring.has('receipt-p256', 1)], [true, false]);
    const missing = /no key "limmat log\.example\/token receipt-p256 1": is it the token that/;
    assert.match(faults('bad-key', () => keyring.signer('receipt-p256', 1)).message, missing);
    keyring.close();
    const other = open(`${ORIGIN}/2`);
    faults('bad-key', () => other.signer('receipt-p256', 0));
    other.close();
  });

  test('token: what keeps it from being used is told, with what to do', () => {
    const { config } = create();
    const refused = (changed: Partial<TokenConfig>, why: RegExp) => {
      const fault = faults('bad-key', () => new TokenKeyring({ ...config, ...changed }, ORIGIN));
      assert.match(fault.message, why);
      assert.not.match(fault.message, new RegExp(PIN));
    };
    refused({ token: 'token 0' }, /has no token "token 0", there is .*"token 1".*: connect it, or correct "token"/);
    refused({ module: '/no/such/module.so' }, /cannot load \/no\/such\/module\.so: .*: ?.*install the PKCS#11 library/);
    refused({ pinFile: `${config.pinFile}.gone` }, /there is no PIN file/);
    writeFileSync(config.pinFile, '4321\n');
    const wrong = /cannot be logged in to: the PIN is wrong; correct the PIN file before the next try/;
    refused({}, wrong);
    const { prototype } = createRequire(import.meta.url)('pkcs11js').PKCS11;
    const { C_Finalize } = prototype;
    prototype.C_Finalize = function () {
      C_Finalize.call(this);
      throw new Error('CKR_GENERAL_ERROR');
    };
    refused({}, wrong);
    prototype.C_Finalize = C_Finalize;
    writeFileSync(config.pinFile, `\ufeff${PIN}`);
    refused({}, /\.pin begins with a byte order mark/);
    writeFileSync(config.pinFile, PIN);
    chmodSync(config.pinFile, 0o640);
    refused({}, /others may read the PIN file .*: run `chmod 600/);
    chmodSync(config.pinFile, 0o600);
    hsm.addToken(config.token);
    refused({}, /has more than one token "token \d+": give them different labels/);
    create().open().close(); // what was refused before stands in nobody's way
  });

  test('token: while it is away nothing is signed, and when it is back it is opened again; a wrong PIN is tried once', () => {
    const { config, open } = create();
    const keyring = open();
    keyring.make('checkpoint-ed25519', 0);
    const { key, sign } = keyring.signer('checkpoint-ed25519', 0);
    const message = utf8('a message');
    const reconnect = hsm.disconnect();
    for (let tries = 0; tries < 2; tries++) faults('key-away', () => sign(message));
    reconnect();
    assert.ok(verify(key, message, sign(message)));
    hsm.disconnect()();
    assert.ok(verify(key, message, sign(message)), 'whether it was away meanwhile makes no difference');
    const again = hsm.disconnect();
    faults('key-away', () => sign(message));
    again();
    writeFileSync(config.pinFile, '4321\n');
    assert.match(faults('bad-key', () => sign(message)).message, /the PIN is wrong/);
    writeFileSync(config.pinFile, PIN);
    faults('bad-key', () => sign(message), 'the token is left alone');
    keyring.close();
  });

  test('token: a key cannot be read, and a signature that does not verify is not handed out', () => {
    const { config, open } = create();
    const keyring = open();
    keyring.make('checkpoint-ed25519', 0);
    keyring.close();
    const label = `limmat ${ORIGIN} checkpoint-ed25519 0`;
    tamper(config, (pkcs11, session, { find, attribute }) => {
      const key = find(CKO_PRIVATE_KEY, label);
      assert.throws(() => attribute(key, CKA_VALUE), /CKR_ATTRIBUTE_SENSITIVE/);
      assert.equal(
        [CKA_SENSITIVE, CKA_ALWAYS_SENSITIVE, CKA_EXTRACTABLE, CKA_NEVER_EXTRACTABLE].map(
          (type) => attribute(key, type)[0],
        ),
        [1, 1, 0, 1],
      );
      // Another public key takes the place of the right one, as if the token signed with a broken key.
      pkcs11.C_DestroyObject(session, find(CKO_PUBLIC_KEY, label));
      const token = { type: CKA_TOKEN, value: true };
      const curve = { type: CKA_EC_PARAMS, value: Buffer.from('06032b6570', 'hex') };
      const named = { type: CKA_LABEL, value: label };
      pkcs11.C_GenerateKeyPair(
        session,
        { mechanism: 0x1055 },
        [token, curve, named],
        [{ type: CKA_TOKEN, value: false }],
      );
    });
    const broken = open();
    const { sign } = broken.signer('checkpoint-ed25519', 0);
    assert.match(faults('bad-key', () => sign(utf8('m'))).message, /that does not verify: it needs repair/);
    broken.close();
  });
}

const [CKO_PUBLIC_KEY, CKO_PRIVATE_KEY, CKA_TOKEN, CKA_LABEL, CKA_VALUE] = [2, 3, 0x001, 0x003, 0x011];
const [CKA_SENSITIVE, CKA_EXTRACTABLE, CKA_NEVER_EXTRACTABLE, CKA_ALWAYS_SENSITIVE] = [0x103, 0x162, 0x164, 0x165];
const CKA_EC_PARAMS = 0x180;

type Reading = { find(kind: number, label: string): Buffer; attribute(object: Buffer, type: number): Buffer };

/** Does with a token what our adapter would not. */
// biome-ignore lint/suspicious/noExplicitAny: the package may not be installed, so its types are not relied on
function tamper({ module, token }: TokenConfig, work: (pkcs11: any, session: Buffer, reading: Reading) => void): void {
  const { PKCS11 } = createRequire(import.meta.url)('pkcs11js');
  const pkcs11 = new PKCS11();
  pkcs11.load(module);
  pkcs11.C_Initialize();
  const slots = pkcs11.C_GetSlotList(true) as Buffer[];
  const slot = slots.find((one) => pkcs11.C_GetTokenInfo(one).label.trimEnd() === token);
  const session = pkcs11.C_OpenSession(slot, 6);
  pkcs11.C_Login(session, 1, PIN);
  const reading: Reading = {
    find(kind, label) {
      pkcs11.C_FindObjectsInit(session, [
        { type: 0, value: kind },
        { type: CKA_LABEL, value: label },
      ]);
      const [found] = pkcs11.C_FindObjects(session, 1);
      pkcs11.C_FindObjectsFinal(session);
      return found;
    },
    attribute: (object, type) => pkcs11.C_GetAttributeValue(session, object, [{ type }])[0].value,
  };
  work(pkcs11, session, reading);
  pkcs11.C_Finalize();
  pkcs11.close();
}

test.run();
