import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { post, timeLimit, until } from '../../src/cli/fetched.ts';
import { utf8 } from '../../src/core/bytes.ts';

const reasonOf = (work: Promise<unknown>) =>
  work.then(
    () => 'an answer',
    (error: Error) => error.message,
  );

test('work that never ends is given up at its time limit, also one that was over before', async () => {
  const alive = setInterval(() => {}, 1000);
  const limit = timeLimit(50);
  assert.match(await reasonOf(until(limit, () => new Promise(() => {}))), /in time/);
  assert.match(await reasonOf(until(limit, () => new Promise(() => {}))), /in time/);
  assert.is(await until(timeLimit(50), async () => 7), 7);
  clearInterval(alive);
});

test('a server that takes a request and never answers is given up', async () => {
  const server = createServer(() => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  assert.match(await reasonOf(post(`http://127.0.0.1:${port}/`, new Uint8Array(1), timeLimit(100))), /in time/);
  server.closeAllConnections();
  server.close();
});

/** Answers the first request of each connection, and ends the connection when another comes. */
async function forgetful(): Promise<{ url: string; connections: Set<unknown>; close(): void }> {
  const connections = new Set<unknown>();
  const server = createServer((request, response) => {
    if (connections.has(request.socket)) request.socket.destroy();
    connections.add(request.socket);
    response.setHeader('content-type', 'text/plain').end(request.headers['content-length']);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}/`, connections, close };
}

test('a connection is used again, and a new one made if the server has just ended it', async () => {
  const { url, connections, close } = await forgetful();
  const answered = async (length: number) => (await post(url, new Uint8Array(length), timeLimit(5000))).body;
  const bodies = [
    await reasonOf(answered(1)),
    await reasonOf(answered(2)),
    await answered(30).catch(() => utf8('none')),
  ];
  close();
  assert.equal([bodies, connections.size], [['an answer', 'an answer', utf8('30')], 3]);
  assert.match(await reasonOf(post(url, new Uint8Array(1), timeLimit(5000))), /ECONNREFUSED/);
});

test('an answer that is larger than any may be is not read to its end', async () => {
  const server = createServer((_, response) => response.end(new Uint8Array(70_000))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  assert.match(
    await reasonOf(post(`http://127.0.0.1:${port}/`, new Uint8Array(1), timeLimit(5000))),
    /larger than 65536/,
  );
  server.closeAllConnections();
  server.close();
});

test('a time limit that is joined with another signal is not collected before it ends', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const collecting = setInterval(collect, 20);
  const joined = Array.from({ length: 20 }, () => AbortSignal.any([new AbortController().signal, timeLimit(150)]));
  const reasons = joined.splice(0).map((signal) => reasonOf(until(signal, () => new Promise(() => {}))));
  assert.is(
    (await Promise.all(reasons)).every((reason) => /in time/.test(reason)),
    true,
  );
  clearInterval(collecting);
});

test.run();
