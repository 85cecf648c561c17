import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Fault } from '../../src/core/fault.ts';
import { EMPTY_ROOT } from '../../src/core/hash.ts';
import { signerOf } from '../../src/core/signature.ts';
import type { GuardedHead } from '../../src/log/guard.ts';
import { headSigner } from '../../src/log/sign.ts';

const seed = new Uint8Array(32);

test('of two keys that fail, the one whose signature is awaited no more ends nothing', async () => {
  const unhandled: unknown[] = [];
  const listen = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', listen);
  const away = (): never => {
    throw new Fault('key-away', 'the token is gone');
  };
  const { sign } = headSigner({
    origin: 'log.example/test',
    publicUrl: 'https://log.example',
    ed25519: { key: signerOf('ed25519', seed).key, sign: away },
    mldsa44: { key: signerOf('mldsa44', seed).key, sign: () => Promise.reject(new Error('its thread ended')) },
    receipt: signerOf('p256', seed.fill(1)),
    retired: [],
    newest: 0,
    clock: () => new Date(),
  });
  const error = await sign({ size: 0, root: EMPTY_ROOT } as GuardedHead).catch((reason: unknown) => reason);
  assert.is((error as Fault).code, 'key-away');
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(unhandled, []);
  process.off('unhandledRejection', listen);
});

test.run();
