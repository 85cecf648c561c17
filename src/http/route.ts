/** A request, a reply and a route as plain values, so that a handler is one function behind Hono, `node:http` and tests. @module */
import { Fault, type FaultCode } from '../core/fault.ts';
import type { Described } from './describe.ts';
import { type ProblemForm, problemForm, problemReply, toFault } from './problem.ts';

/** What a handler may ask of a request. */
export type Ask = {
  readonly method: string;
  /** The path as it was sent, percent-escapes included, without the query. */
  readonly path: string;
  /** What follows the question mark, as it was sent. */
  readonly query: string;
  header(name: string): string | undefined;
  /** The address that the connection comes from; undefined if there is none. */
  readonly from?: string | undefined;
};

export type Reply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
};

/** Answers a request whose body, empty for a GET, has arrived whole. A batch tells `watch` of each of its items. */
export type Handler = (ask: Ask, body: Uint8Array, watch: Watch) => Reply | Promise<Reply>;

/** A handler and where it answers. `hot` routes are answered in front of Hono, by `front.ts`. */
export type Route = {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** As Hono writes it; a hot path is fixed, or ends in `/*`; its query may be anything. */
  readonly path: string;
  /** How its errors are written. */
  readonly form: (ask: Ask) => ProblemForm;
  /** The largest body, in bytes. */
  readonly limit: (ask: Ask) => number;
  readonly handler: Handler;
  readonly hot: boolean;
  /** That the handler itself unpacks a body with a Content-Encoding; for all others there is none. */
  readonly unpacks?: true;
  /** What `/openapi.json` says of it. */
  readonly described: Described;
};

/** Told of every reply, of every refusal, and of every error that is ours. */
export type Watch = {
  count(route: string, status: number): void;
  refused(code: FaultCode): void;
  failed(error: unknown): void;
};

export const asText = (): ProblemForm => 'text';
export const asJson = (): ProblemForm => 'json';
export const asAccepted = (ask: Ask): ProblemForm => problemForm(ask.header('accept'));
export const noBody = (): number => 0;

/** Runs a handler; whatever it throws becomes a problem in the form of the route. At once if the handler needs no wait. */
export function serve(route: Route, ask: Ask, body: Uint8Array, watch: Watch): Reply | Promise<Reply> {
  const refused = (error: unknown) => refuse(route, ask, error, watch);
  const counted = (reply: Reply): Reply => {
    watch.count(route.path, reply.status);
    return reply;
  };
  try {
    if (route.method !== 'GET' && !route.unpacks) checkEncoding(ask.header('content-encoding'));
    const reply = route.handler(ask, body, watch);
    return reply instanceof Promise ? reply.then(counted).catch(refused) : counted(reply);
  } catch (error) {
    return refused(error);
  }
}

/** SPEC (RFC 9110 §8.4): a server MAY respond with 415 if the content coding is not acceptable. */
function checkEncoding(encoding = 'identity'): void {
  if (/^\s*(?:identity)?\s*$/i.test(encoding)) return;
  const what = `a body is taken as it is, and not with Content-Encoding ${encoding.slice(0, 40)}: send it unpacked`;
  throw new Fault('bad-media-type', what);
}

/** The reply to a request that cannot be handled. */
export function refuse(route: Route, ask: Ask, error: unknown, watch: Watch): Reply {
  const reply = problemReply(noted(error, watch), route.form(ask));
  watch.count(route.path, reply.status);
  return reply;
}

/** What a stranger may hear of an error, once `watch` was told of it. */
export function noted(error: unknown, watch: Watch): Fault {
  if (!(error instanceof Fault)) watch.failed(error);
  const fault = toFault(error);
  watch.refused(fault.code);
  return fault;
}

/**
 * What is read of a body, in bytes. One that is too large is read on and dropped up to here, because a sender who is
 * still writing when the connection closes does not get to see the refusal.
 */
export const mostRead = (limit: number): number => Math.max(16 * 1024 * 1024, limit);

export function tooLarge(limit: number): Fault {
  return new Fault('too-large', limit === 0 ? 'this takes no body' : `the body is larger than ${limit} bytes`);
}

/** The length of a body in bytes. */
export function lengthOf(body: Reply['body']): number {
  return typeof body === 'string' ? Buffer.byteLength(body) : body.length;
}

/** The media type of a Content-Type header, without its parameters. */
export function mediaType(header: string | undefined): string {
  return (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
