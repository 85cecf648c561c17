import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Offer } from '../../src/log/channel.ts';
import { type Told, Waiting } from '../../src/log/waiting.ts';

// Tickets go round at 2^32, as the channel has four bytes for each.

test('a group whose tickets straddle 2^32 gets its answers in its own order, in whichever order they come', () => {
  const waiting = new Waiting(2 ** 32 - 2);
  const offers = Array.from({ length: 5 }, (_, i) => ({ entry: Uint8Array.of(i) }) as Offer);
  const tickets: number[] = [];
  let told: readonly Told[] = [];
  waiting.take(
    offers,
    (all) => {
      told = all;
    },
    (ticket) => tickets.push(ticket),
  );
  assert.equal(tickets, [2 ** 32 - 2, 2 ** 32 - 1, 0, 1, 2]);
  for (const [i, ticket] of [...tickets.entries()].reverse()) waiting.answer(ticket, 100 + i);
  assert.equal(told, [100, 101, 102, 103, 104]);
  assert.is(waiting.size, 0);
  waiting.take(
    offers.slice(0, 1),
    () => {},
    (ticket) => tickets.push(ticket),
  );
  assert.is(tickets.at(-1), 3, 'the next group goes on from there');
});

test.run();
