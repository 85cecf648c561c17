/**
 * The watch before admission: text that a person wrote and that looks like personal data or a secret. What is in the
 * log stays there for ever. It errs on the side of asking, and is no part of the rules that are replayed: it may learn.
 * @module
 */
import { type Cbor, type CborMap, decode } from '../core/cbor.ts';
import { CLAIM, LABEL } from '../core/cose.ts';
import { type AdmittedKind, KINDS } from './kinds.ts';
import { decodePayload, read } from './read.ts';
import { fieldsOf, itemOf, type Node, type Watch } from './schema.ts';

export type Finding = {
  /** The field, as refusals name it. */
  readonly path: string;
  /** What it looks like, without repeating it. */
  readonly what: string;
};

/** What tests a text takes time in proportion to its length, whatever it is: strangers write it. */
type Look = { readonly what: string; readonly pattern: Pick<RegExp, 'test'> };

const OCTET = '(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])';

/** Secrets are looked for in URIs too: build systems put tokens there. */
const SECRETS: readonly Look[] = [
  { what: 'a private key', pattern: /-----BEGIN [A-Z0-9 ]*PRIVATE KEY|AGE-SECRET-KEY-1|PuTTY-User-Key-File/ },
  { what: 'a JSON web token', pattern: { test: hasWebToken } },
  {
    what: 'an access token',
    pattern:
      /\b(?:gh[oprsu]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|npm_\w{30,}|pypi-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}\b|AIza[\w-]{30,}|[rs]k_(?:live|test)_\w{16,})/,
  },
  { what: 'an access token', pattern: /\b(?:bearer|basic)\s+[\w+/=.~-]{16,}/i },
  { what: 'a password', pattern: /\b(?:password|passwd|passphrase|api[ _-]?key|secret)\s*[:=]\s*\S{4,}/i },
  { what: 'a user name with a password', pattern: /\/\/[^\s/@:]+:[^\s/@]+@/ },
];

const PERSONAL: readonly Look[] = [
  { what: 'an e-mail address', pattern: /[\p{L}\p{N}._%+-]@(?:[\p{L}\p{N}-]{1,63}\.)+\p{L}{2,}/u },
  { what: 'an IP address', pattern: new RegExp(`(?<![0-9]|[0-9]\\.)${OCTET}(?:\\.${OCTET}){3}(?!\\.?[0-9])`) },
];

const LOOKS = { prose: [...SECRETS, ...PERSONAL], uri: SECRETS } as const satisfies Record<Watch, readonly Look[]>;

/** What a payload holds that should not be logged. Nobody knows what unknown fields are for, so they are prose. */
export function findPersonal(kind: AdmittedKind, payload: Uint8Array): Finding[] {
  const { schema } = KINDS[kind];
  const value = decodePayload(payload);
  read<unknown>(schema, value);
  const findings: Finding[] = [];
  search(schema, value, '', findings);
  return findings;
}

const READ_LABELS: readonly unknown[] = [LABEL.alg, LABEL.cty, LABEL.kid, LABEL.claims];
const READ_CLAIMS: readonly unknown[] = [CLAIM.iss, CLAIM.sub, CLAIM.aud, CLAIM.iat];

/** The same in a signed header, of what no rule reads: it is logged too, and its signer alone knows what it is for. */
export function findInHeader(header: Uint8Array): Finding[] {
  const labels = decode(header) as CborMap;
  const claims = labels.get(LABEL.claims) as CborMap;
  const findings: Finding[] = [];
  for (const [label, value] of labels) if (!READ_LABELS.includes(label)) search(undefined, value, 'header', findings);
  for (const [claim, value] of claims) if (!READ_CLAIMS.includes(claim)) search(undefined, value, 'claims', findings);
  return findings;
}

/** Adds to `findings`; every submission passes here, so nothing is made for what is not found. */
function search(node: Node | undefined, value: Cbor, path: string, findings: Finding[]): void {
  if (typeof value === 'string') {
    const watch = node === undefined ? 'prose' : node.type === 'text' ? node.watch : undefined;
    if (watch !== undefined) for (const what of lookAt(value, watch)) findings.push({ path, what });
  } else if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) search(itemOf(node), value[i] as Cbor, `${path}[${i}]`, findings);
  } else if (value instanceof Map) {
    const fields = fieldsOf(node, value as CborMap);
    for (const [name, item] of value as CborMap) {
      search(fields.get(name as string)?.node, item, path === '' ? `${name}` : `${path}.${name}`, findings);
    }
  }
}

const NOTHING: ReadonlySet<string> = new Set();

/** What a text looks like, each thing once. */
export function lookAt(text: string, watch: Watch): ReadonlySet<string> {
  const isIpv6 = watch === 'prose' && hasIpv6(text);
  if (!isIpv6 && !LOOKS[watch].some(({ pattern }) => pattern.test(text))) return NOTHING;
  const found = LOOKS[watch].filter(({ pattern }) => pattern.test(text)).map(({ what }) => what);
  if (isIpv6) found.push('an IP address');
  return new Set(found);
}

/**
 * RFC 7515 §7.1: three parts, of which the first is an object of JSON. As one pattern it would go through the rest of
 * `eyJ-eyJ-eyJ-…` at each of them.
 */
function hasWebToken(text: string): boolean {
  if (!text.includes('eyJ')) return false;
  return text.split(/[^\w.-]+/).some((run) => {
    const parts = run.split('.');
    return parts.some((part, i) => i + 2 < parts.length && (parts[i + 1]?.length ?? 0) >= 8 && OBJECT.test(part));
  });
}

const OBJECT = /\beyJ[\w-]{8,}/;

/** RFC 4291 §2.2: eight groups, or fewer around one `::`. Times and names like `std::move` have the colons alone. */
function hasIpv6(text: string): boolean {
  const candidates = text.match(/(?<![\w:])[0-9A-Fa-f:]{2,39}(?![\w:])/g) ?? [];
  return candidates.some((candidate) => {
    const groups = candidate.split(':').filter((group) => group !== '');
    if (groups.some((group) => group.length > 4) || !/[0-9]/.test(candidate)) return false;
    const gaps = candidate.split('::').length - 1;
    return gaps === 0 ? groups.length === 8 : gaps === 1 && groups.length >= 2 && groups.length < 8;
  });
}
