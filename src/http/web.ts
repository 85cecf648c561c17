/**
 * The pages for people at `/`: files made by `npm run build` and read once, sent compressed as they lie there. What a
 * page needs to begin, the log's own name and keys and what troubles it, is at `/v1/log`; everything else it reads as any
 * stranger does. @module
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import mime from 'mime';
import Negotiator from 'negotiator';
import { Fault } from '../core/fault.ts';
import { formatVkey, type Vkey } from '../core/note.ts';
import type { EntryMode } from '../log/ports.ts';
import { answers, type Described, inPath, object } from './describe.ts';
import { type Ask, asText, type Handler, noBody, type Reply, type Route } from './route.ts';
import { open } from './tiles.ts';

/** What a page is told before it has verified anything; it pins the keys at its first visit. */
export type WebFacts = {
  readonly origin: string;
  readonly publicUrl: string;
  readonly vkeys: readonly Vkey[];
  /** Opaque entries are bytes about which a page can tell nothing but that they are there. */
  readonly entries: EntryMode;
  /** Why the log does not take in, sign or publish as it should; undefined while it does. */
  readonly trouble: () => string | undefined;
};

/** No inline script, nothing from a third party, and nobody may put these pages into a frame. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
const SAFE = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' };
const FOREVER = 'public, max-age=31536000, immutable';
/** How a file is compressed, by what is added to its name; the best first. */
const ENCODINGS = { br: '.br', gzip: '.gz' } as const;
type Encoding = keyof typeof ENCODINGS;

type Asset = { readonly type: string; readonly plain: Uint8Array; readonly packed: ReadonlyMap<Encoding, Uint8Array> };

const TEXT = { type: 'string' };
const ABOUT: Described = {
  summary: 'What the pages are told of the log: its name, its URL, its keys, and what troubles it.',
  answers: answers(
    'It is',
    'application/json',
    object({
      origin: TEXT,
      publicUrl: TEXT,
      vkeys: { type: 'array', items: TEXT },
      entries: { enum: ['statements', 'opaque'] },
      'trouble?': TEXT,
    }),
  ),
};
const PAGE: Described = { summary: 'The pages for people.', answers: answers('A page', 'text/html') };
const asset = (names: Iterable<string>): Described => {
  const [first = 'none'] = names;
  const bytes = Object.fromEntries(
    ['text/javascript', 'text/css', 'image/svg+xml', 'application/json'].map((type) => [type, {}]),
  );
  return {
    summary: 'A file of the pages, which never changes under its name.',
    parameters: [inPath('file', 'its name', TEXT, () => first.replace('/web/', ''))],
    answers: { 200: { says: 'Its bytes', types: bytes } },
  };
};

/** The routes of the pages in `directory`; only `/v1/log` where they were not built. */
export function webRoutes(directory: string, { vkeys, trouble, ...named }: WebFacts): Route[] {
  const get = { method: 'GET', form: asText, limit: noBody, hot: false } as const;
  const facts = { ...named, vkeys: vkeys.map(formatVkey) };
  const json = { 'content-type': 'application/json', 'cache-control': 'no-cache', ...open };
  const routes: Route[] = [
    {
      ...get,
      described: ABOUT,
      path: '/v1/log',
      handler: () => ({ status: 200, headers: json, body: JSON.stringify({ ...facts, trouble: trouble() }) }),
    },
  ];
  if (!existsSync(join(directory, 'index.html'))) return routes;
  const index = readAsset(directory, 'index.html');
  const assets = new Map(
    readdirSync(join(directory, 'web'))
      .filter((name) => !/\.(?:br|gz)$/.test(name))
      .map((name) => [`/web/${name}`, readAsset(join(directory, 'web'), name)]),
  );
  const page = { 'cache-control': 'no-cache', 'content-security-policy': POLICY, ...SAFE };
  return [
    ...routes,
    { ...get, described: PAGE, path: '/', handler: (ask) => reply(ask, index, page) },
    { ...get, described: asset(assets.keys()), path: '/web/:file', handler: assetHandler(assets) },
  ];
}

function assetHandler(assets: ReadonlyMap<string, Asset>): Handler {
  return (ask) => {
    const asset = assets.get(ask.path);
    if (asset === undefined) throw new Fault('unknown-resource', 'the pages have changed: load / again');
    return reply(ask, asset, { 'cache-control': FOREVER, ...SAFE });
  };
}

function readAsset(directory: string, name: string): Asset {
  const path = join(directory, name);
  const packed = Object.entries(ENCODINGS).filter(([, ending]) => existsSync(path + ending));
  return {
    type: `${mime.getType(name)}; charset=utf-8`,
    plain: readFileSync(path),
    packed: new Map(packed.map(([encoding, ending]) => [encoding as Encoding, readFileSync(path + ending)])),
  };
}

function reply(ask: Ask, { type, plain, packed }: Asset, more: Record<string, string>): Reply {
  const headers = { 'content-type': type, vary: 'accept-encoding', ...more };
  const accept = ask.header('accept-encoding') ?? 'identity';
  const offered = [...packed.keys(), 'identity'];
  const chosen = new Negotiator({ headers: { 'accept-encoding': accept } }).encodings(offered);
  const encoding = [...packed.keys()].find((name) => chosen.includes(name));
  if (encoding === undefined) return { status: 200, headers, body: plain };
  return {
    status: 200,
    headers: { ...headers, 'content-encoding': encoding },
    body: packed.get(encoding) as Uint8Array,
  };
}
