/** `/.well-known/scitt-keys` of SCRAPI: the keys that verify receipts, as a COSE key set and one by one. @module */
import { toBase64url } from '../core/bytes.ts';
import { encode } from '../core/cbor.ts';
import { algorithmId, encodeKeySet, thumbprintOf, toCoseKey } from '../core/cosekey.ts';
import { Fault } from '../core/fault.ts';
import type { PublicKey } from '../core/signature.ts';
import type { LogPublicKeys } from '../log/sign.ts';
import { answers, type Described, ID, inPath } from './describe.ts';
import type { Handler } from './route.ts';
import { open } from './tiles.ts';

const PREFIX = '/.well-known/scitt-keys/';
const HEADERS = { 'content-type': 'application/cbor', 'cache-control': 'public, max-age=3600', ...open };

export const keySetDescribed: Described = {
  summary: 'The keys that sign receipts and did before, the one in use first (SCRAPI).',
  answers: answers('A COSE_KeySet', 'application/cbor'),
};

export const keyDescribed: Described = {
  summary: 'A key that signs receipts, or ever did, by its kid (SCRAPI).',
  parameters: [inPath('kid', 'The kid of a receipt', ID, ({ receiptKid }) => receiptKid)],
  answers: answers('A COSE_Key', 'application/cbor'),
};

/** All of them, as long as receipts live: whoever pins what is listed now can verify those of before too. */
export function keySetHandler(keys: LogPublicKeys['receipts']): Handler {
  const body = encodeKeySet(keys.map(describe));
  return () => ({ status: 200, headers: HEADERS, body });
}

/** SPEC: the service MUST accept the unpadded base64url of the kid; ours are binary, so there is no other form. */
export function keyHandler(keys: LogPublicKeys['receipts']): Handler {
  const bodies = new Map(keys.map((key) => [toBase64url(thumbprintOf(key)), encode(toCoseKey(describe(key)))]));
  return (ask) => {
    const body = bodies.get(ask.path.slice(PREFIX.length));
    if (!body) throw new Fault('unknown-key', 'No key could be found for this kid value');
    return { status: 200, headers: HEADERS, body };
  };
}

function describe(key: PublicKey) {
  return { key, kid: thumbprintOf(key), alg: algorithmId(key.algorithm) };
}
