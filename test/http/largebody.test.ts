import type { AddressInfo } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createApp } from '../../src/http/app.ts';
import { closeFront, createFront } from '../../src/http/front.ts';
import { asText, type Route } from '../../src/http/route.ts';

// A route that takes more than is read of other bodies before they are dropped, as uploads to a mirror do.

const MIB = 1024 * 1024;
const LIMIT = 20 * MIB;

for (const hot of [true, false]) {
  test(`a body of any size gets an answer, ${hot ? 'in front of' : 'in'} the app`, async () => {
    const watch = { count() {}, refused() {}, failed: (error: unknown) => console.log(error) };
    const route: Route = {
      method: 'POST',
      path: '/large',
      limit: () => LIMIT,
      hot,
      form: asText,
      handler: (_, body) => ({ status: 200, headers: {}, body: String(body.length) }),
      described: { summary: 'Takes much.', answers: {} },
    };
    const server = createFront(createApp([route], watch), [route], watch, 5000);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    for (const [length, status] of [
      [16 * MIB, 200],
      [16 * MIB + 1, 200],
      [LIMIT, 200],
      [LIMIT + 1, 413],
      [LIMIT + 9 * MIB, 413],
    ] as const) {
      const response = await fetch(`http://127.0.0.1:${port}/large`, {
        method: 'POST',
        body: new Uint8Array(length),
        signal: AbortSignal.timeout(30_000),
      });
      assert.is(response.status, status, String(length));
      if (status === 200) assert.is(await response.text(), String(length));
    }
    await closeFront(server, 5000);
  });
}

test.run();
