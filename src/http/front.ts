/**
 * `node:http` in front of Hono: hot routes are answered here at once, which is half again as fast; all others go
 * through Hono. Bodies are read with a limit, requests have a deadline, and a stop answers what is in flight. @module
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener, RequestError } from '@hono/node-server';
import type { Hono } from 'hono';
import { concat } from '../core/bytes.ts';
import { Fault, messageOf } from '../core/fault.ts';
import { toResponse } from './app.ts';
import { problemReply } from './problem.ts';
import {
  type Ask,
  lengthOf,
  mostRead,
  noted,
  type Reply,
  type Route,
  refuse,
  serve,
  tooLarge,
  type Watch,
} from './route.ts';
import { keepTickShape } from './tickshape.ts';

/** A server that is not yet listening. `patience` is how long a request may take to arrive, in milliseconds. */
export function createFront(app: Hono, routes: readonly Route[], watch: Watch, patience: number): Server {
  keepTickShape();
  const rest = getRequestListener(app.fetch, {
    // No answer depends on the name that a client has for this server.
    hostname: 'localhost',
    errorHandler: (error) => toResponse(problemReply(noted(ofRequest(error), watch), 'cbor')),
  });
  const find = router(routes.filter((route) => route.hot));
  const times = { requestTimeout: patience, headersTimeout: patience, connectionsCheckingInterval: 1000 };
  /** The newest exchange on each connection. */
  const newest = new WeakMap<Duplex, ServerResponse>();
  const server = createServer({ ...times, requireHostHeader: false }, (request, response) => {
    newest.set(request.socket, response);
    // A stopping server answers what comes on open connections, and ends each with its answer.
    if (!server.listening) response.setHeader('connection', 'close');
    const route = find(request.method ?? '', request.url ?? '');
    if (route) answer(route, request, watch, (reply) => send(request, response, reply, !server.listening));
    else void rest(request, response);
  });
  // A client that has sent all it will and closed that side still gets its answer; Node would drop it.
  Object.assign(server, { httpAllowHalfOpen: true });
  return server.on('clientError', (error, socket) => refuseClient(error, socket, newest.get(socket), watch));
}

/**
 * Stops listening, lets requests in flight be answered, and resolves when the last connection is gone. Those who do
 * not send the rest of a request, or do not read their answer, are left after `patience` milliseconds.
 */
export function closeFront(server: Server, patience: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), patience);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** What Hono's adapter throws for a request that cannot be one, such as one with a Host header that names no host. */
function ofRequest(error: unknown): unknown {
  return error instanceof RequestError ? new Fault('bad-request', messageOf(error)) : error;
}

function router(hot: readonly Route[]): (method: string, url: string) => Route | undefined {
  const exact = new Map(hot.map((route) => [`${route.method} ${route.path}`, route]));
  const below = hot
    .filter(({ path }) => path.endsWith('/*'))
    .map((route) => ({ route, start: route.path.slice(0, -1) }));
  return (method, url) =>
    exact.get(`${method} ${cut(url)[0]}`) ??
    below.find(({ route, start }) => route.method === method && url.startsWith(start))?.route;
}

function answer(route: Route, request: IncomingMessage, watch: Watch, done: (reply: Reply) => void): void {
  const ask = askOf(request);
  readBody(request, route.limit(ask), (body) => {
    const reply = body instanceof Fault ? refuse(route, ask, body, watch) : serve(route, ask, body, watch);
    if (reply instanceof Promise) void reply.then(done);
    else done(reply);
  });
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Reply,
  last: boolean,
): void {
  // A body that was not read to its end would be taken for the next request.
  if (last || (hasBody(request) && !request.complete)) response.setHeader('connection', 'close');
  const length = lengthOf(body);
  // A list is written without what an object goes through, a tenth of what a small answer costs.
  const lines: string[] = [];
  for (const name of Object.keys(headers)) lines.push(name, headers[name] as string);
  lines.push('content-length', String(length));
  response.writeHead(status, lines);
  // Where every character is one byte, both encodings are the same, and this one is copied with no look at it.
  response.end(body, body.length === length ? 'latin1' : 'utf8');
}

/** The path and the query of a request target. */
function cut(url: string): [string, string] {
  const at = url.indexOf('?');
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
}

function askOf(request: IncomingMessage): Ask {
  const [path, query] = cut(request.url ?? '');
  return {
    method: request.method ?? '',
    path,
    query,
    header: (name) => request.headers[name] as string | undefined,
    from: request.socket.remoteAddress,
  };
}

/**
 * Calls back once, with the whole body or a Fault. A body that does not come in time is ended by the server's own
 * request timeout; of one that ends early nobody waits for an answer, so there is no call.
 */
function readBody(request: IncomingMessage, limit: number, done: (body: Uint8Array | Fault) => void): void {
  if (!hasBody(request)) {
    done(NOTHING); // and Node itself reads it to its end
    return;
  }
  const chunks: Uint8Array[] = [];
  const most = mostRead(limit);
  let length = 0;
  request.on('data', (chunk: Uint8Array) => {
    const before = length;
    length += chunk.length;
    if (length <= limit) chunks.push(chunk);
    else if (before <= most && length > most) done(tooLarge(limit));
  });
  request.on('end', () => {
    if (length > most) return;
    if (length > limit) done(tooLarge(limit));
    else done(chunks.length === 1 ? (chunks[0] as Uint8Array) : concat(...chunks));
  });
}

const NOTHING = new Uint8Array(0);

/** SPEC (RFC 9112 §6): the presence of a message body in a request is signaled by one of these. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/** Answers on the bare socket what is not HTTP, or came too slowly. */
function refuseClient(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  newest: ServerResponse | undefined,
  watch: Watch,
): void {
  // Where an earlier request still waits for its answer, a refusal would be taken for that answer.
  if (!socket.writable || error.code === 'ECONNRESET' || (newest && owesAnswer(newest))) {
    socket.destroy();
    return;
  }
  const { status, headers, body } = problemReply(noted(ofClient(error), watch), 'cbor');
  const lines = Object.entries({ ...headers, 'content-length': body.length, connection: 'close' });
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`);
  socket.write(`${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
  socket.end(body, () => socket.destroy());
}

function ofClient(error: NodeJS.ErrnoException & { rawPacket?: Uint8Array }): Fault {
  const { code, rawPacket = NOTHING } = error;
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Fault('request-timeout', 'the request did not arrive in time');
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new Fault('long-headers', 'the request line and the headers are too long together: send less of them');
  }
  // SPEC (RFC 9110 §9.1): 501 for a method that is not recognized. What is no request line at all gets 400.
  const [, method] = REQUEST_LINE.exec(new TextDecoder('latin1').decode(rawPacket.subarray(0, 1000))) ?? [];
  if (code !== 'HPE_INVALID_METHOD' || method === undefined) {
    return new Fault('bad-request', `this is not HTTP: ${messageOf(error)}`);
  }
  return new Fault('unknown-method', `there is no method ${method.slice(0, 40)} here: reads are by GET or HEAD`);
}

const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) \S+ HTTP\/1\.[01]\r?\n/;

/** Whether this exchange, or one before it on the same connection, has its request and not its answer. */
function owesAnswer(response: ServerResponse): boolean {
  return !response.writableEnded && (response.socket === null || response.req.complete);
}
