import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { limmat, type Server, serve } from '../flow/server.ts';
import { folder } from '../folder.ts';
import { problemOf } from './httplog.ts';

// A running server and clients that are slow, rude, gone, or no HTTP at all: each gets an answer or nothing, and only
// whole requests leave an entry.

const data = join(folder(), 'log');
assert.is((await limmat('init', '--data', data, '--origin', 'log.example/sockets', '--entries', 'opaque')).code, 0);
let server: Server = await serve(data, '--patience', '1');
test.after(async () => {
  await server.end('SIGTERM');
});

const portOf = ({ url }: Server) => Number(new URL(url).port);

/** A connection that tells all it was sent once the server has closed it. */
async function open(): Promise<{ socket: Socket; all: Promise<string> }> {
  // What the server sends is still read after this side has ended.
  const socket = connect({ port: portOf(server), host: '127.0.0.1', allowHalfOpen: true });
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.on('error', () => {}); // a reset ends a connection as well
  const all = new Promise<string>((resolve) => {
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(text));
  });
  await once(socket, 'connect');
  return { socket, all };
}

/** All that the server answers to these bytes until it closes the connection. */
async function tell(...parts: string[]): Promise<string> {
  const { socket, all } = await open();
  for (const part of parts) socket.write(part, 'latin1');
  return all;
}

async function sizeOf(at = server): Promise<number> {
  const note = await (await fetch(`${at.url}/checkpoint`)).text();
  return Number(note.split('\n')[1]);
}

const HOST = 'Host: log.example\r\n';
const CLOSE = 'Connection: close\r\n';
const post = (body: string, more = '') =>
  `POST /add HTTP/1.1\r\n${HOST}${more}Content-Length: ${body.length}\r\n\r\n${body}`;
const statusOf = (answer: string) => answer.split('\r\n', 1)[0];
const bodyOf = (answer: string) => answer.slice(answer.indexOf('\r\n\r\n') + 4);
const problemIn = (answer: string) => problemOf(Uint8Array.from(Buffer.from(bodyOf(answer), 'latin1')));

test('a request that does not arrive in time gets 408, and leaves nothing', async () => {
  const size = await sizeOf();
  for (const [name, ...parts] of [
    ['half a request line', 'POST /ad'],
    ['half a head', `POST /add HTTP/1.1\r\n${HOST}Content-Le`],
    ['half a body', post('0123456789').slice(0, -5)],
    ['half a body, to Hono', post('0123456789').slice(0, -5).replace('/add', '/add?x')],
    ['half a chunk', `POST /add HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\na\r\n01234`],
    ['no last chunk', `POST /add HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n`],
  ] as [string, ...string[]][]) {
    const answer = await tell(...parts);
    assert.is(statusOf(answer), 'HTTP/1.1 408 Request Timeout', name);
    assert.match(answer, /content-type: application\/concise-problem-details\+cbor/);
    assert.equal([problemIn(answer).status, problemIn(answer).title], [408, 'Request Timeout']);
  }
  assert.is(await sizeOf(), size);
});

test('a request that breaks off leaves nothing', async () => {
  const size = await sizeOf();
  for (const path of ['/add', '/add?x']) {
    for (const end of ['destroy', 'resetAndDestroy', 'end'] as const) {
      const { socket, all } = await open();
      socket.write(post('0123456789').slice(0, -5).replace('/add', path));
      await fetch(`${server.url}/healthz`); // by now the server has it
      socket[end]();
      await all;
    }
  }
  assert.is(await sizeOf(), size);
  assert.is(server.stderr(), '', 'and is nothing that an operator must know');
});

test('who has sent everything and closed that side is still answered', async () => {
  const size = await sizeOf();
  const { socket, all } = await open();
  socket.end(post('half closed'));
  const answer = await all;
  assert.equal([statusOf(answer), bodyOf(answer)], ['HTTP/1.1 200 OK', String(size)]);
});

test('a body that is too large is refused, with a length or in chunks, and leaves nothing', async () => {
  const size = await sizeOf();
  const big = 'x'.repeat(200_000);
  const chunked = `POST /add HTTP/1.1\r\n${HOST}${CLOSE}Transfer-Encoding: chunked\r\n\r\n`;
  const chunk = `${big.length.toString(16)}\r\n${big}\r\n`;
  for (const [name, ...parts] of [
    ['length', post(big, CLOSE)],
    ['chunks', chunked, chunk, chunk, chunk, '0\r\n\r\n'],
    ['chunks, to Hono', chunked.replace('/add', '/add?x'), chunk, chunk, '0\r\n\r\n'],
    ['chunks without end', chunked, ...Array.from({ length: 100 }, () => chunk)],
  ] as [string, ...string[]][]) {
    const answer = await tell(...parts);
    assert.is(statusOf(answer), 'HTTP/1.1 413 Payload Too Large', name);
    assert.match(bodyOf(answer), /larger than 65535 bytes/, name);
  }
  assert.is(await sizeOf(), size);
});

test('pipelined requests are answered in their order, and rubbish after them does not answer for them', async () => {
  const size = await sizeOf();
  const answers = await tell(post('p0') + post('p1') + post('p0') + post('p2', CLOSE));
  assert.equal(
    [...answers.matchAll(/\r\n\r\n([0-9]+)/g)].map(([, index]) => Number(index)),
    [size, size + 1, size, size + 2],
  );
  const mixed = await tell(`${post('p3')}\x00\x01 rubbish\r\n\r\n`);
  assert.not.match(mixed, /^HTTP\/1.1 400/, 'the first answer on a connection belongs to the first request');
  const again = await fetch(`${server.url}/add`, { method: 'POST', body: 'p3' });
  assert.is(await again.text(), String(size + 3), 'the whole request counts');
  assert.is(await sizeOf(), size + 4);
});

test('what is no HTTP, or has no usable Host, gets 400 with problem details', async () => {
  for (const [name, request] of [
    ['rubbish', '\x16\x03\x01\x02\x00\x01\x00'],
    ['two lengths', `POST /add HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\nx`],
    ['length and chunks', `POST /add HTTP/1.1\r\n${HOST}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx`],
    ['a bad chunk', `POST /add HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nzz\r\n`],
    ['a Host that names no host', `GET /healthz HTTP/1.1\r\nHost: a/b?c\r\n${CLOSE}\r\n`],
  ] as const) {
    const answer = await tell(request);
    assert.is(statusOf(answer), 'HTTP/1.1 400 Bad Request', name);
    assert.equal([problemIn(answer).status, problemIn(answer).title], [400, 'Malformed request'], name);
  }
  for (const [status, request] of [
    ['501 Not Implemented', 'FROB /checkpoint HTTP/1.1\r\n\r\n'],
    ['501 Not Implemented', `get /checkpoint HTTP/1.1\r\n${HOST}\r\n`],
    ['405 Method Not Allowed', `PROPFIND /checkpoint HTTP/1.1\r\n${HOST}${CLOSE}\r\n`],
    ['431 Request Header Fields Too Large', `GET / HTTP/1.1\r\nX: ${'x'.repeat(40_000)}`],
    ['431 Request Header Fields Too Large', `GET /${'x'.repeat(40_000)}`],
  ] as const) {
    const answer = await tell(request);
    assert.is(statusOf(answer), `HTTP/1.1 ${status}`);
    if (!status.startsWith('405')) assert.is(problemIn(answer).status, Number.parseInt(status, 10), request);
  }
  const size = await sizeOf();
  const without = `GET /healthz HTTP/1.1\r\n${CLOSE}\r\n`;
  assert.is(statusOf(await tell(without)), 'HTTP/1.1 200 OK', 'no answer depends on Host');
  assert.is(statusOf(await tell(post('no host', CLOSE).replace(HOST, ''))), 'HTTP/1.1 200 OK');
  assert.is(
    statusOf(await tell(`GET http://other.example/checkpoint HTTP/1.1\r\n${HOST}${CLOSE}\r\n`)),
    'HTTP/1.1 200 OK',
  );
  assert.is(await sizeOf(), size + 1);
});

test('a stop answers what is in flight, and does not wait for those who do not go on', async () => {
  const size = await sizeOf();
  await server.end('SIGTERM');
  server = await serve(data, '--patience', '3');
  const idle = await open();
  idle.socket.write(`GET /healthz HTTP/1.1\r\n${HOST}\r\n`);
  await once(idle.socket, 'data');
  const half = await open();
  half.socket.write(post('0123456789').slice(0, -5));
  const late = await open();
  late.socket.write(post('in flight').slice(0, -1));
  await fetch(`${server.url}/healthz`);
  const ended = server.end('SIGTERM');
  await idle.all; // the stop has begun
  late.socket.write('t');
  const answer = await late.all;
  assert.equal([statusOf(answer), bodyOf(answer)], ['HTTP/1.1 200 OK', String(size)]);
  assert.match(answer, /connection: close/i);
  await half.all;
  assert.is(await ended, 0, server.stderr());
  server = await serve(data, '--patience', '1');
  assert.is(await sizeOf(), size + 1);
});

test('a patience that is no time is refused before anything starts', async () => {
  for (const patience of ['0', 'soon', '-1']) {
    const { code, stderr } = await limmat('serve', '--data', data, '--patience', patience);
    assert.not.equal(code, 0);
    assert.match(stderr, /--patience takes a number of at least 0\.1/);
  }
});

test.run();
