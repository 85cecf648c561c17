import { MessageChannel, type Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CheckBox, type PackedChecks, unpackChecks, verdicts } from '../../src/cli/threads/checks.ts';
import { verifier } from '../../src/cli/threads/verifier.ts';
import { decodeStatement, type SignedStatement, signStatement } from '../../src/core/cose.ts';
import { kidOf, type Signer, signerOf } from '../../src/core/signature.ts';

// Signatures checked in other threads: packed and unpacked alike, and every verdict goes to whoever asked for it.

const ALGORITHMS = ['ed25519', 'p256', 'mldsa44'] as const;
const signers = ALGORITHMS.map((algorithm, i) => signerOf(algorithm, new Uint8Array(32).fill(i + 1)));

function statement(signer: Signer, n: number): SignedStatement {
  return decodeStatement(
    signStatement({
      signer,
      kid: kidOf(signer.key),
      contentType: 'application/vnd.limmat.build+cbor',
      iss: 'acme',
      sub: `pkg:npm/conveyer@${n}`,
      payload: Uint8Array.of(n % 256),
    }),
  );
}

/** The same with another signature: a flipped bit, or that of another statement. */
function forged(good: SignedStatement): SignedStatement {
  const signature = Uint8Array.from(good.signature);
  signature[40] = (signature[40] as number) ^ 1;
  return { ...good, signature };
}

/** What the thread does, at the other end of a channel. */
function checker(): Worker {
  const { port1, port2 } = new MessageChannel();
  port2.on('message', (packed: PackedChecks) => port2.postMessage(verdicts(packed)));
  port2.unref();
  return port1 as unknown as Worker;
}

test('what is packed comes out again', () => {
  const checks = signers.map(({ key }, i) => {
    const { toBeSigned: message, signature } = statement(signers[i] as Signer, i);
    return { key, message, signature };
  });
  const expected = checks.map(({ key, ...check }) => ({ ...check, algorithm: key.algorithm, key: key.bytes }));
  const box = new CheckBox();
  const put = () => {
    for (const check of checks) box.put(check);
  };
  put();
  assert.equal(unpackChecks(box.take()), expected);
  assert.equal(unpackChecks(box.take()), [], 'it is empty then');
  put();
  const packed = box.take();
  assert.throws(() => unpackChecks({ ...packed, algorithms: packed.algorithms.slice(1) }), /left bytes over/);
});

test('many at once, good and bad in turn, each gets its own verdict in its own group', async () => {
  const verify = verifier(checker);
  const groups = [1, 150, 7, 64, 65].map((length) =>
    Array.from({ length }, (_, n) => {
      const signer = signers[n % 50 === 0 ? 2 : n % 2] as Signer;
      const made = statement(signer, n);
      return { statement: n % 3 === 1 ? forged(made) : made, key: signer.key };
    }),
  );
  for (const [g, verdicts] of (await Promise.all(groups.map(verify))).entries()) {
    const expected = (groups[g] ?? []).map((_, n) => n % 3 !== 1);
    assert.equal(verdicts, expected);
  }
  assert.equal(await verify([]), []);
});

test('four threads that answer in reverse order: each group gets its own verdicts, and the one of none at once', async () => {
  const answers: (() => void)[] = [];
  let started = 0;
  /** It answers when it is told to. */
  const held = (): Worker => {
    const n = started++;
    let tell: (verdicts: Uint8Array) => void = () => {};
    const worker = {
      on: (_: string, listener: typeof tell) => {
        tell = listener;
      },
      postMessage: (packed: PackedChecks) => {
        threads.add(n);
        answers.push(() => tell(verdicts(packed)));
      },
      ref() {},
      unref() {},
    };
    return worker as unknown as Worker;
  };
  const threads = new Set<number>();
  const verify = verifier(held, 4);
  // Groups that end within a message, so that each waits for two threads.
  const groups = [100, 100, 56].map((length, g) =>
    Array.from({ length }, (_, n) => {
      const signer = signers[n % 2] as Signer;
      const made = statement(signer, n);
      return { statement: n % (g + 2) === 1 ? forged(made) : made, key: signer.key };
    }),
  );
  const order: number[] = [];
  const asked = groups.map((group, g) => verify(group).finally(() => order.push(g)));
  assert.equal(await verify([]), []);
  while (answers.length < 4) await new Promise((resolve) => setImmediate(resolve));
  assert.is(threads.size, 4);
  for (const answer of answers.reverse()) {
    answer();
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const [g, verdicts] of (await Promise.all(asked)).entries()) {
    assert.equal(
      verdicts,
      groups[g]?.map((_, n) => n % (g + 2) !== 1),
    );
  }
  assert.equal(order, [2, 1, 0]);
});

test('a key of another algorithm verifies nothing', async () => {
  const verify = verifier(checker);
  for (const [i, signer] of signers.entries()) {
    const other = signers[(i + 1) % signers.length] as Signer;
    const own = { statement: statement(signer, 1), key: signer.key };
    assert.equal(await verify([{ ...own, key: other.key }, own]), [false, true]);
  }
});

test.run();
