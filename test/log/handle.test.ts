import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8 } from '../../src/core/bytes.ts';
import { Fault } from '../../src/core/fault.ts';
import { leafHash } from '../../src/core/hash.ts';
import { AnswerBox, type Offer, type ToLog, unpackOffers } from '../../src/log/channel.ts';
import { LogHandle } from '../../src/log/handle.ts';

// The strangers' end of the channel, with the log's end in the hands of the test.

const offer = (text: string): Offer => {
  const entry = utf8(text);
  return { id: leafHash(entry), entry, verified: true };
};

function open() {
  const sent: ToLog[] = [];
  let hear: (message: unknown) => void = () => {};
  const handle = new LogHandle({
    port: {
      postMessage: (message) => sent.push(message as ToLog),
      on: (_, listener) => {
        hear = listener;
      },
    },
    published: undefined,
    committed: 0,
    openTree: () => {
      throw new Error('nothing is published here');
    },
    observe: () => {},
    trouble: (what, message) => {
      throw new Error(`${what}: ${message}`);
    },
  });
  const box = new AnswerBox();
  return {
    handle,
    /** The tickets and entries of the offers that came since the last call, once this turn is over. */
    async taken() {
      await new Promise((resolve) => setImmediate(resolve));
      const taken: { ticket: number; text: string }[] = [];
      for (const message of sent.splice(0)) {
        if (message.type !== 'offers') continue;
        unpackOffers(message, (ticket, { entry }) => taken.push({ ticket, text: Buffer.from(entry).toString() }));
        box.take();
      }
      return taken;
    },
    put: box.put.bind(box),
    answer: () => box.send({ postMessage: (message) => hear(message), on: () => {} }),
  };
}

test('several that were sent together are answered together, in their order', async () => {
  const { handle, taken, put, answer } = open();
  const alone = handle.add(offer('alone'));
  const together = handle.addAll(['a', 'b', 'c'].map(offer));
  const [first, a, b, c] = await taken();
  assert.equal([first?.text, a?.text, b?.text, c?.text], ['alone', 'a', 'b', 'c']);
  assert.is(handle.waiting, 4);
  put(c?.ticket as number, { index: 7 });
  put(a?.ticket as number, { promised: true });
  answer();
  assert.is(handle.waiting, 2);
  put(b?.ticket as number, { fault: new Fault('refused', 'no', { rule: 'some-rule' }) });
  put(first?.ticket as number, { index: 0 });
  answer();
  assert.is(await alone, 0);
  const [ofA, ofB, ofC] = await together;
  assert.equal([ofA, ofC], ['promised', 7]);
  assert.instance(ofB, Fault);
  assert.is((ofB as Fault).rule, 'some-rule');
  assert.is(handle.waiting, 0);
  assert.equal(await handle.addAll([]), []);
});

test('of a batch that does not fit, what fits is taken and the rest is pushed back', async () => {
  const { handle, taken, put, answer } = open();
  const room = 16_384;
  const many = handle.addAll(Array.from({ length: room - 1 }, (_, i) => offer(`many ${i}`)));
  const late = handle.addAll(['fits', 'does not', 'neither'].map(offer));
  const alone = handle.add(offer('nor this')).catch((error: unknown) => error);
  const pooled = await taken();
  assert.is(pooled.length, room);
  assert.is(pooled.at(-1)?.text, 'fits');
  assert.is(((await alone) as Fault).code, 'pool-full');
  for (const [index, { ticket }] of pooled.entries()) put(ticket, { index });
  answer();
  assert.is((await many).at(-1), room - 2);
  const [fits, ...refused] = await late;
  assert.is(fits, room - 1);
  assert.equal(
    refused.map((fault) => (fault as Fault).code),
    ['pool-full', 'pool-full'],
  );
  assert.is(handle.waiting, 0);
  const again = handle.add(offer('there is room again'));
  const [next] = await taken();
  put(next?.ticket as number, { index: room });
  answer();
  assert.is(await again, room);
});

test('what waits is bounded in bytes, too', async () => {
  const { handle, taken, put, answer } = open();
  const entry = new Uint8Array(60_000);
  const large = Array.from({ length: 1200 }, (_, i) => {
    return { id: leafHash(utf8(String(i))), entry, verified: true };
  });
  const told = handle.addAll(large);
  const pooled = await taken();
  assert.is(pooled.length, Math.floor((64 * 1024 * 1024) / entry.length));
  for (const [index, { ticket }] of pooled.entries()) put(ticket, { index });
  answer();
  assert.is((await told).filter((each) => each instanceof Fault).length, large.length - pooled.length);
  assert.equal((await handle.addAll([])).length, 0);
  const again = handle.addAll(large);
  assert.is((await taken()).length, pooled.length, 'all of its bytes are free again');
  void again;
});

test.run();
