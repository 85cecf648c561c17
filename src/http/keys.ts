/** `/.well-known/scitt-keys` of SCRAPI: the keys that verify receipts, as a COSE key set and one by one. @module */
import { toBase64url } from '../core/bytes.ts';
import { encode } from '../core/cbor.ts';
import { algorithmId, encodeKeySet, thumbprintOf, toCoseKey } from '../core/cosekey.ts';
import { Fault } from '../core/fault.ts';
import type { PublicKey } from '../core/signature.ts';
import type { Handler } from './route.ts';
import { open } from './tiles.ts';

const PREFIX = '/.well-known/scitt-keys/';
const HEADERS = { 'content-type': 'application/cbor', 'cache-control': 'public, max-age=3600', ...open };

export function keySetHandler(key: PublicKey): Handler {
  const body = encodeKeySet([describe(key)]);
  return () => ({ status: 200, headers: HEADERS, body });
}

/** SPEC: the service MUST accept the unpadded base64url of the kid; ours are binary, so there is no other form. */
export function keyHandler(key: PublicKey): Handler {
  const name = toBase64url(thumbprintOf(key));
  const body = encode(toCoseKey(describe(key)));
  return (ask) => {
    if (ask.path.slice(PREFIX.length) !== name)
      throw new Fault('unknown-key', 'No key could be found for this kid value');
    return { status: 200, headers: HEADERS, body };
  };
}

function describe(key: PublicKey) {
  return { key, kid: thumbprintOf(key), alg: algorithmId(key.algorithm) };
}
