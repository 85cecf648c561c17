/**
 * From faults to answers: the one table from code to status and title (SCRAPI §2.1 names the titles), and the three
 * forms of an error body: RFC 9290 CBOR, RFC 9457 JSON, plain text. Text of a 5xx never reaches a stranger. @module
 */
import { encode } from '../core/cbor.ts';
import { Fault, type FaultCode } from '../core/fault.ts';
import type { Reply } from './route.ts';

const STATUS = {
  'bad-request': [400, 'Malformed request'],
  'bad-path': [404, 'Not Found'],
  'bad-bundle': [400, 'Malformed request'],
  'bad-note': [400, 'Malformed request'],
  'bad-vkey': [400, 'Malformed request'],
  'bad-policy': [400, 'Malformed request'],
  'bad-checkpoint': [400, 'Malformed request'],
  'bad-evidence': [400, 'Malformed request'],
  'bad-cbor': [400, 'Malformed request'],
  'bad-statement': [400, 'Malformed request'],
  'bad-receipt': [400, 'Malformed request'],
  'bad-key': [400, 'Malformed request'],
  'too-large': [413, 'Content Too Large'],
  'payload-missing': [400, 'Payload Missing'],
  'bad-algorithm': [400, 'Bad Signature Algorithm'],
  'bad-signature': [400, 'Rejected'],
  'unknown-signer': [403, 'Rejected'],
  'bad-proof': [422, 'Rejected'],
  'bad-tile': [422, 'Rejected'],
  'no-quorum': [422, 'Rejected'],
  refused: [400, 'Rejected'],
  'bad-locator': [400, 'Invalid locator'],
  'unknown-entry': [404, 'Not Found'],
  'unknown-key': [404, 'No such key'],
  'unknown-resource': [404, 'Not Found'],
  'unknown-log': [404, 'Not Found'],
  'stale-size': [409, 'Conflict'],
  'bad-method': [405, 'Method Not Allowed'],
  'unknown-method': [501, 'Not Implemented'],
  'long-headers': [431, 'Request Header Fields Too Large'],
  'bad-media-type': [415, 'Unsupported Media Type'],
  'not-acceptable': [406, 'Not Acceptable'],
  'request-timeout': [408, 'Request Timeout'],
  'key-away': [503, 'Try Again Later'],
  'clock-behind': [503, 'Try Again Later'],
  'pool-full': [503, 'Try Again Later'],
  'too-many': [429, 'Too Many Requests'],
  'read-only': [503, 'Read-Only'],
  frozen: [503, 'Frozen'],
  stopping: [503, 'Stopping'],
  internal: [500, 'Internal Error'],
} as const satisfies Record<FaultCode, readonly [number, string]>;

/** How an error body is written. */
export type ProblemForm = 'cbor' | 'json' | 'text';

/** What a stranger may hear of anything that was thrown; a bug becomes `internal`, and its text stays here. */
export function toFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault('internal', 'something went wrong here; the operator can find it in the log of the server');
}

export function statusOf(fault: Fault): number {
  return STATUS[fault.code][0];
}

/** SPEC (SCRAPI): CBOR, unless Accept names a JSON type and not CBOR. */
export function problemForm(accept: string | undefined): ProblemForm {
  return /\bjson\b/i.test(accept ?? '') && !/\bcbor\b/i.test(accept ?? '') ? 'json' : 'cbor';
}

export function problemReply(error: unknown, form: ProblemForm, headers: Record<string, string> = {}): Reply {
  const fault = toFault(error);
  const status = statusOf(fault);
  // SPEC (SCRAPI): operators SHOULD set Retry-After on 503. What gives no time needs someone to look at it.
  const retryAfter = fault.retryAfter ?? (status === 503 ? 60 : undefined);
  const retry: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  const type = {
    cbor: 'application/concise-problem-details+cbor',
    json: 'application/problem+json',
    text: 'text/plain; charset=utf-8',
  };
  // A page that may read the log may also read what it says instead.
  const always = { 'cache-control': 'no-store', 'access-control-allow-origin': '*' };
  return {
    status,
    headers: { 'content-type': type[form], ...always, ...retry, ...headers },
    body:
      form === 'cbor' ? encode(conciseProblem(fault)) : form === 'json' ? jsonProblem(fault) : `${detailOf(fault)}\n`,
  };
}

/** RFC 9290 problem details: -1 title, -2 detail, -4 response code. */
export function conciseProblem(fault: Fault): Map<number, string | number> {
  const [status, title] = STATUS[fault.code];
  return new Map<number, string | number>([
    [-1, title],
    [-2, detailOf(fault)],
    [-4, status],
  ]);
}

function jsonProblem(fault: Fault): string {
  const [status, title] = STATUS[fault.code];
  return JSON.stringify({
    type: 'about:blank',
    title,
    status,
    detail: detailOf(fault),
    code: fault.code,
    rule: fault.rule,
  });
}

function detailOf(fault: Fault): string {
  return fault.rule === undefined ? fault.message : `${fault.rule}: ${fault.message}`;
}
