/** The Hono app: every route of a log, and one answer for what is not a route. @module */
import { type Context, Hono } from 'hono';
import { concat } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import type { PublicKey } from '../core/signature.ts';
import type { LogHandle } from '../log/handle.ts';
import { addHandler, addLimit } from './add.ts';
import { type EntriesParts, entriesLimit, registerHandler, resolveHandler, statementHandler } from './entries.ts';
import { type Health, healthHandler } from './health.ts';
import { keyHandler, keySetHandler } from './keys.ts';
import { type Metrics, metricsHandler } from './metrics.ts';
import { problemReply } from './problem.ts';
import {
  type Ask,
  asAccepted,
  asText,
  noBody,
  type Reply,
  type Route,
  refuse,
  serve,
  tooLarge,
  type Watch,
} from './route.ts';
import { checkpointHandler, tileHandler } from './tiles.ts';

/** The routes that every log has. */
export function tileRoutes(log: LogHandle): Route[] {
  return [
    { method: 'GET', path: '/checkpoint', form: asText, limit: noBody, handler: checkpointHandler(log), hot: true },
    { method: 'GET', path: '/tile/*', form: asText, limit: noBody, handler: tileHandler(log), hot: true },
  ];
}

/** The routes of an opaque log beside its tiles. */
export function opaqueRoutes(log: LogHandle): Route[] {
  return [{ method: 'POST', path: '/add', form: asText, limit: addLimit, handler: addHandler(log), hot: true }];
}

/** The routes of a log of statements beside its tiles. */
export function statementRoutes(parts: EntriesParts, receiptKey: PublicKey): Route[] {
  const get = { method: 'GET', form: asAccepted, limit: noBody, hot: false } as const;
  return [
    {
      method: 'POST',
      path: '/entries',
      form: asAccepted,
      limit: entriesLimit,
      handler: registerHandler(parts),
      hot: true,
    },
    { ...get, path: '/entries/:id', handler: resolveHandler(parts) },
    { ...get, path: '/entries/:id/statement', handler: statementHandler(parts) },
    { ...get, path: '/.well-known/scitt-keys', handler: keySetHandler(receiptKey) },
    { ...get, path: '/.well-known/scitt-keys/:kid', handler: keyHandler(receiptKey) },
  ];
}

/** The routes for those who run the log. */
export function operatorRoutes(health: Health, metrics: Metrics): Route[] {
  return [
    { method: 'GET', path: '/healthz', form: () => 'json', limit: noBody, handler: healthHandler(health), hot: false },
    { method: 'GET', path: '/metrics', form: asText, limit: noBody, handler: metricsHandler(metrics), hot: false },
  ];
}

export function createApp(routes: readonly Route[], watch: Watch): Hono {
  const app = new Hono();
  for (const route of routes) {
    app.on([route.method], route.path, async (context) => {
      const ask = askOf(context);
      const body = await readBody(context.req.raw, route.limit(ask));
      return toResponse(body instanceof Fault ? refuse(route, ask, body, watch) : await serve(route, ask, body, watch));
    });
  }
  // A known path asked with another method says which it takes; HEAD is answered by Hono as GET.
  for (const path of new Set(routes.map((route) => route.path))) {
    const allow = routes.filter((route) => route.path === path).map((route) => route.method);
    app.all(path, (context) => {
      const fault = new Fault('bad-method', `${path} takes ${allow.join(' and ')}`);
      return toResponse(problemReply(fault, asAccepted(askOf(context)), { allow: allow.join(', ') }));
    });
  }
  app.notFound((context) => {
    const fault = new Fault('unknown-resource', `there is nothing at ${context.req.path.slice(0, 200)}`);
    return toResponse(problemReply(fault, asAccepted(askOf(context))));
  });
  return app;
}

function askOf({ req }: Context): Ask {
  const url = new URL(req.url);
  return { method: req.method, path: url.pathname, query: url.search.slice(1), header: (name) => req.header(name) };
}

async function readBody(request: Request, limit: number): Promise<Uint8Array | Fault> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.length;
    if (length > limit) return tooLarge(limit);
    chunks.push(chunk);
  }
  return concat(...chunks);
}

function toResponse({ status, headers, body }: Reply): Response {
  const content = status === 204 ? null : (body as BodyInit);
  return new Response(content, { status, headers: headers as Record<string, string> });
}
