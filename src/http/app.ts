/** The Hono app: every route of a log, and one answer for what is not a route. @module */
import type { IncomingMessage } from 'node:http';
import { type Context, Hono } from 'hono';
import { concat } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import type { LogHandle } from '../log/handle.ts';
import type { LogPublicKeys } from '../log/sign.ts';
import { addDescribed, addHandler, addLimit } from './add.ts';
import {
  consistencyDescribed,
  consistencyHandler,
  consistencyReceiptDescribed,
  entriesDescribed,
  entriesHandler,
  entryAndProofDescribed,
  entryAndProofHandler,
  proofByHashDescribed,
  proofByHashHandler,
  sthDescribed,
  sthHandler,
} from './ct.ts';
import {
  type EntriesParts,
  entriesLimit,
  registerDescribed,
  registerHandler,
  resolveDescribed,
  resolveHandler,
  statementDescribed,
  statementHandler,
  transparentDescribed,
  transparentHandler,
} from './entries.ts';
import { type Health, healthDescribed, healthHandler } from './health.ts';
import { keyDescribed, keyHandler, keySetDescribed, keySetHandler } from './keys.ts';
import type { Metrics } from './metrics.ts';
import { problemReply } from './problem.ts';
import { consistencyReceiptHandler, type ProofParts, proofDescribed, proofHandler } from './proofs.ts';
import { metricsDescribed, metricsHandler } from './requestmetrics.ts';
import {
  type Ask,
  asAccepted,
  asJson,
  asText,
  lengthOf,
  mostRead,
  noBody,
  noted,
  type Reply,
  type Route,
  refuse,
  serve,
  tooLarge,
  type Watch,
} from './route.ts';
import { checkpointDescribed, checkpointHandler, tileDescribed, tileHandler } from './tiles.ts';

/** The routes that every log has. */
export function tileRoutes(log: LogHandle): Route[] {
  return [
    {
      method: 'GET',
      path: '/checkpoint',
      form: asText,
      limit: noBody,
      handler: checkpointHandler(log),
      described: checkpointDescribed,
      hot: true,
    },
    {
      method: 'GET',
      path: '/tile/*',
      form: asText,
      limit: noBody,
      handler: tileHandler(log),
      described: tileDescribed,
      hot: true,
    },
  ];
}

/** The routes of an opaque log beside its tiles. */
export function opaqueRoutes(log: LogHandle): Route[] {
  return [
    {
      method: 'POST',
      path: '/add',
      form: asText,
      limit: addLimit,
      handler: addHandler(log),
      described: addDescribed,
      hot: true,
    },
  ];
}

/** The routes of a log of statements beside its tiles. */
export function statementRoutes(parts: EntriesParts): Route[] {
  const get = { method: 'GET', form: asAccepted, limit: noBody, hot: false } as const;
  return [
    {
      method: 'POST',
      path: '/entries',
      form: asAccepted,
      limit: entriesLimit,
      handler: registerHandler(parts),
      described: registerDescribed,
      hot: true,
    },
    { ...get, path: '/entries/:id', handler: resolveHandler(parts), described: resolveDescribed },
    { ...get, path: '/entries/:id/statement', handler: statementHandler(parts), described: statementDescribed },
    {
      ...get,
      path: '/entries/:id/transparent-statement',
      handler: transparentHandler(parts),
      described: transparentDescribed,
    },
  ];
}

/** The keys of receipts, which sign the tree heads of `/ct/v1` too. */
export function keyRoutes(keys: LogPublicKeys['receipts']): Route[] {
  const get = { method: 'GET', form: asAccepted, limit: noBody, hot: false } as const;
  return [
    { ...get, path: '/.well-known/scitt-keys', handler: keySetHandler(keys), described: keySetDescribed },
    { ...get, path: '/.well-known/scitt-keys/:kid', handler: keyHandler(keys), described: keyDescribed },
  ];
}

/** Proofs by number and hash, which need no statements. */
export function proofRoutes(parts: ProofParts): Route[] {
  const get = { method: 'GET', limit: noBody, hot: true } as const;
  return [
    { ...get, path: '/ct/v1/get-sth', form: asJson, handler: sthHandler(parts), described: sthDescribed },
    {
      ...get,
      path: '/ct/v1/get-sth-consistency',
      form: asJson,
      handler: consistencyHandler(parts),
      described: consistencyDescribed,
    },
    {
      ...get,
      path: '/ct/v1/get-proof-by-hash',
      form: asJson,
      handler: proofByHashHandler(parts),
      described: proofByHashDescribed,
    },
    { ...get, path: '/ct/v1/get-entries', form: asJson, handler: entriesHandler(parts), described: entriesDescribed },
    {
      ...get,
      path: '/ct/v1/get-entry-and-proof',
      form: asJson,
      handler: entryAndProofHandler(parts),
      described: entryAndProofDescribed,
    },
    { ...get, path: '/v1/proof', form: asJson, handler: proofHandler(parts), described: proofDescribed },
    {
      ...get,
      path: '/consistency',
      form: asAccepted,
      handler: consistencyReceiptHandler(parts),
      described: consistencyReceiptDescribed,
    },
  ];
}

/** The routes for those who run the log. */
export function operatorRoutes(health: Health, metrics: Metrics): Route[] {
  return [
    {
      method: 'GET',
      path: '/healthz',
      form: asJson,
      limit: noBody,
      handler: healthHandler(health),
      described: healthDescribed,
      hot: false,
    },
    {
      method: 'GET',
      path: '/metrics',
      form: asText,
      limit: noBody,
      handler: metricsHandler(metrics),
      described: metricsDescribed,
      hot: false,
    },
  ];
}

/** `form` is that of errors where there is nothing, beside no route. */
export function createApp(routes: readonly Route[], watch: Watch, form: Route['form'] = asAccepted): Hono {
  const app = new Hono();
  for (const route of routes) {
    app.on([route.method], route.path, async (context) => {
      const ask = askOf(context);
      const body = await readBody(context.req.raw, route.limit(ask));
      return toResponse(body instanceof Fault ? refuse(route, ask, body, watch) : await serve(route, ask, body, watch));
    });
  }
  for (const path of new Set(routes.map((route) => route.path))) {
    app.all(path, (context) => toResponse(otherMethod(routes, path, askOf(context), watch)));
  }
  app.notFound((context) => {
    const fault = new Fault('unknown-resource', `there is nothing at ${context.req.path.slice(0, 200)}`);
    const ask = askOf(context);
    const reply = problemReply(noted(fault, watch), formBeside(routes, ask.path, form)(ask));
    watch.count('elsewhere', reply.status);
    return toResponse(reply);
  });
  // No handler throws; this is for what goes wrong around them.
  app.onError((error, context) => toResponse(problemReply(noted(error, watch), form(askOf(context)))));
  return app;
}

/** What is no route is told in the form of the routes in the same folder, or in the nearest above it. */
function formBeside(routes: readonly Route[], path: string, top: Route['form']): Route['form'] {
  // No deeper than the routes lie: whoever asks can send thousands of slashes.
  const deepest = Math.max(0, ...routes.map((route) => route.path.split('/').length));
  const names = path.split('/', deepest + 1);
  for (let n = names.length - 1; n > 1; n--) {
    const folder = `${names.slice(0, n).join('/')}/`;
    const beside = routes.find((route) => `${route.path}/`.startsWith(folder));
    if (beside) return beside.form;
  }
  return top;
}

/** A known path asked with another method says which it takes; HEAD does not come here, Hono answers it as GET. */
function otherMethod(routes: readonly Route[], path: string, ask: Ask, watch: Watch): Reply {
  const here = routes.filter((route) => route.path === path) as [Route, ...Route[]];
  const methods = here.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  const allow = [...methods, 'OPTIONS'].join(', ');
  // A browser asks before it sends headers of a page's own making; reads are open to those as well.
  if (ask.method === 'OPTIONS') {
    return { status: 204, headers: { allow, ...(methods.includes('GET') ? PREFLIGHT : {}) }, body: '' };
  }
  const fault = new Fault('bad-method', `${ask.path.slice(0, 200)} takes ${methods.join(' and ')}`);
  const reply = problemReply(noted(fault, watch), here[0].form(ask), { allow });
  watch.count(path, reply.status);
  return reply;
}

const PREFLIGHT = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, HEAD',
  'access-control-allow-headers': '*',
  'access-control-max-age': '86400',
};

function askOf({ req, env }: Context): Ask {
  const { pathname, search } = new URL(req.url);
  // What the adapter of Node hands over; a test that calls the app has no socket.
  const { incoming } = (env ?? {}) as { incoming?: IncomingMessage };
  const from = incoming?.socket.remoteAddress;
  return { method: req.method, path: pathname, query: search.slice(1), header: (name) => req.header(name), from };
}

async function readBody(request: Request, limit: number): Promise<Uint8Array | Fault> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of request.body ?? []) {
      length += chunk.length;
      if (length > mostRead(limit)) break;
      if (length <= limit) chunks.push(chunk);
    }
  } catch {
    return new Fault('bad-request', 'the body broke off');
  }
  return length > limit ? tooLarge(limit) : concat(...chunks);
}

export function toResponse({ status, headers, body }: Reply): Response {
  if (status === 204) return new Response(null, { status, headers });
  return new Response(body as BodyInit, { status, headers: { ...headers, 'content-length': String(lengthOf(body)) } });
}
