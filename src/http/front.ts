/**
 * `node:http` in front of Hono: hot routes are answered here at once, which is half again as fast; all others go
 * through Hono. Bodies are read with a limit, requests have a deadline, and a stop answers what is in flight. @module
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { concat } from '../core/bytes.ts';
import { Fault, messageOf } from '../core/fault.ts';
import { problemReply } from './problem.ts';
import { type Ask, type Reply, type Route, refuse, serve, tooLarge, type Watch } from './route.ts';

/** A server that is not yet listening. `patience` is how long a request may take to arrive, in milliseconds. */
export function createFront(app: Hono, routes: readonly Route[], watch: Watch, patience: number): Server {
  const rest = getRequestListener(app.fetch);
  const find = router(routes.filter((route) => route.hot));
  const limits = { requestTimeout: patience, headersTimeout: patience, connectionsCheckingInterval: 1000 };
  const server = createServer(limits, (request, response) => {
    // A stopping server answers what comes on open connections, and ends each with its answer.
    if (!server.listening) response.setHeader('connection', 'close');
    const route = find(request.method ?? '', request.url ?? '');
    if (route) answer(route, request, response, watch);
    else void rest(request, response);
  });
  return server.on('clientError', refuseClient);
}

/** Stops listening, lets requests in flight be answered, and resolves when the last connection is gone. */
export function closeFront(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

function router(hot: readonly Route[]): (method: string, url: string) => Route | undefined {
  const exact = new Map(hot.map((route) => [`${route.method} ${route.path}`, route]));
  const below = hot
    .filter(({ path }) => path.endsWith('/*'))
    .map((route) => ({ route, start: route.path.slice(0, -1) }));
  return (method, url) =>
    exact.get(`${method} ${url}`) ??
    below.find(({ route, start }) => route.method === method && url.startsWith(start))?.route;
}

function answer(route: Route, request: IncomingMessage, response: ServerResponse, watch: Watch): void {
  const ask = askOf(request);
  readBody(request, route.limit(ask), (body) => {
    const reply = body instanceof Fault ? refuse(route, ask, body, watch) : serve(route, ask, body, watch);
    if (reply instanceof Promise) void reply.then((settled) => send(request, response, settled));
    else send(request, response, reply);
  });
}

function send(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Reply): void {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  // A body that was not read to its end would be taken for the next request.
  if (!request.complete) response.setHeader('connection', 'close');
  response.writeHead(status, { ...headers, 'content-length': length });
  response.end(body);
}

function askOf(request: IncomingMessage): Ask {
  const [path = '', ...query] = (request.url ?? '').split('?');
  return {
    method: request.method ?? '',
    path,
    query: query.join('?'),
    header: (name) => request.headers[name] as string | undefined,
  };
}

/**
 * Calls back once, with the whole body or a Fault. A body that does not come in time is ended by the server's own
 * request timeout; of one that ends early nobody waits for an answer, so there is no call.
 */
function readBody(request: IncomingMessage, limit: number, done: (body: Uint8Array | Fault) => void): void {
  const chunks: Uint8Array[] = [];
  let length = 0;
  request.on('data', (chunk: Uint8Array) => {
    if (length > limit) return;
    length += chunk.length;
    if (length <= limit) chunks.push(chunk);
    else done(tooLarge(limit));
  });
  request.on('end', () => {
    if (length <= limit) done(chunks.length === 1 ? (chunks[0] as Uint8Array) : concat(...chunks));
  });
}

/** Answers on the bare socket what is not HTTP, or came too slowly. */
function refuseClient(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const slow = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const fault = slow
    ? new Fault('request-timeout', 'the request did not arrive in time')
    : new Fault('bad-request', `this is not HTTP: ${messageOf(error)}`);
  const { status, headers, body } = problemReply(fault, 'cbor');
  const lines = Object.entries({ ...headers, 'content-length': body.length, connection: 'close' });
  socket.write(`HTTP/1.1 ${status} ${slow ? 'Request Timeout' : 'Bad Request'}\r\n`);
  socket.write(`${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
  socket.end(body);
}
