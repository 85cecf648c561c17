/** `limmat mirror`: follows a log, keeps all of it, and serves the copy with a cosignature of its own. @module */
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { type Logger, pino } from 'pino';
import { sha256 } from '#sha256';
import { LogClient } from '../client/logclient.ts';
import { toHex, utf8 } from '../core/bytes.ts';
import { parseCheckpoint } from '../core/checkpoint.ts';
import type { Evidence } from '../core/evidence.ts';
import { Fault, messageOf } from '../core/fault.ts';
import { formatVkey, parseNote } from '../core/note.ts';
import type { Tile } from '../core/tile.ts';
import { createApp } from '../http/app.ts';
import { closeFront, createFront } from '../http/front.ts';
import { gossipRoutes } from '../http/gossip.ts';
import { mirrorRoutes } from '../http/mirror.ts';
import { createMirrorMetrics, mirrorOperatorRoutes } from '../http/mirrorhealth.ts';
import { NO_SAMPLE, withOpenApi } from '../http/openapi.ts';
import { asText } from '../http/route.ts';
import { PublishedTree } from '../log/published.ts';
import { TreeCopy } from '../log/treecopy.ts';
import { Mirror } from '../monitor/mirror.ts';
import { MirrorGossip } from '../monitor/mirrorgossip.ts';
import { lockGuard } from '../store/guardfile.ts';
import { openMirrorStore, type SqliteMirrorStore } from '../store/mirror.ts';
import { readSeed } from '../store/seed.ts';
import { openStore, type SqliteStore } from '../store/sqlite.ts';
import { refusal } from '../witness/decide.ts';
import { endWith, listenOn } from './listen.ts';
import { mirrorDirectory, mirrorKeys } from './mirrordir.ts';
import { makeInit } from './mirrorinit.ts';
import { command, parseBaseUrl, parseListen, parseNumber, required, setting } from './options.ts';
import { print } from './print.ts';
import { progressBar } from './progress.ts';
import { readVkeys } from './readinput.ts';
import { packageVersion } from './version.ts';

export function makeCommand(): Command {
  const mirror = new Command('mirror').description('keep a full copy of a log, check all of it, and serve it');
  return mirror.addCommand(makeServe(), { isDefault: true }).addCommand(makeInit());
}

function makeServe(): Command {
  return command('serve', 'follow a log and serve the copy (what `limmat mirror` does by itself)')
    .addOption(setting('--data <dir>', 'directory of the mirror, made by `limmat mirror init`'))
    .addOption(setting('--vkey <file>', 'keys of the log, one a line'))
    .addOption(setting('--url <url>', 'the log, or another copy of it; without, the log pushes to add-entries'))
    .addOption(setting('--every <seconds>', 'how often the log is asked for a newer checkpoint').default('10'))
    .addOption(setting('--listen <host:port>', 'where to listen; port 0 takes any').default('127.0.0.1:8082'))
    .addOption(setting('--patience <seconds>', 'how long a request may take to arrive').default('30'))
    .option('--once', 'catch up once and end, without serving')
    .action((options: Options) => run(options));
}

type Options = {
  data?: string;
  vkey?: string;
  url?: string;
  every: string;
  listen: string;
  patience: string;
  once?: boolean;
  json?: boolean;
};

async function run(options: Options): Promise<void> {
  const directory = mirrorDirectory(required(options, 'data'));
  const vkeys = readVkeys(required(options, 'vkey'));
  const [every, patience] = (['every', 'patience'] as const).map(
    (name) => 1000 * parseNumber(name, options[name], 0.1),
  ) as [number, number];
  const url = options.url === undefined ? undefined : parseBaseUrl('--url', options.url);
  const known = openMirrorStore(directory.database);
  const release = lockGuard(directory.lock);
  const copy = openStore(directory.tree);
  const { name, origin } = known.identity();
  const cosigners = mirrorKeys(name, readSeed(directory.seed));
  const logger = pino({ base: null }, pino.destination(2));
  const alarm = ({ kind }: Evidence) =>
    logger.warn({ origin, kind }, 'the log signed two histories: evidence is kept and served');
  const mirror = new Mirror({
    origin,
    vkeys,
    store: known,
    tree: new TreeCopy(copy),
    cosigners,
    refusal,
    clock: () => new Date(),
    alarm,
  });
  const close = () => {
    copy.close();
    known.close();
    release();
  };
  const follow = url === undefined ? undefined : follower(mirror, url, options.json ?? false);
  if (options.once) {
    if (!follow) throw new Fault('bad-request', '--once needs the --url of the log');
    await follow();
    const { size, root } = mirror.mirrored() ?? { size: 0, root: undefined };
    print(options.json, { origin, size, root: root && toHex(root) });
    close();
    return;
  }
  await serve(mirror, { copy, known, follow, every, patience, logger, options, cosigners, close });
}

/** One round: the newest checkpoint of the log, and all that it commits to. */
function follower(mirror: Mirror, url: string, quiet: boolean): () => Promise<void> {
  const { get } = new LogClient(url, fetch);
  return async () => {
    const note = await get('checkpoint');
    const { size } = parseCheckpoint(parseNote(note).text);
    const missing = size - mirror.tree.head.size;
    const bar = progressBar('mirroring', missing > 10_000 ? size : 0, quiet);
    await mirror.follow(note, get, (done) => bar.update(done)).finally(bar.stop);
    const { size: mirrored } = mirror.mirrored() ?? { size: 0 };
    if (size < mirrored) throw new Fault('refused', `${url} serves size ${size}, and signed size ${mirrored} before`);
  };
}

type Serving = {
  readonly copy: SqliteStore;
  readonly known: SqliteMirrorStore;
  readonly follow: (() => Promise<void>) | undefined;
  /** In milliseconds, like `patience`. */
  readonly every: number;
  readonly patience: number;
  readonly logger: Logger;
  readonly options: Options;
  readonly cosigners: ReturnType<typeof mirrorKeys>;
  readonly close: () => void;
};

async function serve(mirror: Mirror, { copy, known, follow, logger, options, ...rest }: Serving): Promise<void> {
  const hash = toHex(sha256(utf8(mirror.origin)));
  let trouble: string | undefined;
  const state = { mirror, evidence: () => known.evidence().length, trouble: () => trouble ?? mirror.early() };
  const metrics = createMirrorMetrics(state);
  const watch = {
    count: metrics.count,
    refused: metrics.refused,
    failed: (error: unknown) => logger.error({ err: error }, 'a request failed'),
  };
  const described = [
    ...mirrorRoutes(mirror, hash, tilesOf(mirror, copy)),
    ...gossipRoutes(new MirrorGossip(mirror, known), () => performance.now()),
    ...mirrorOperatorRoutes(state, metrics),
  ];
  const about = { title: `A mirror of ${mirror.origin}`, version: packageVersion(), url: '/' };
  const routes = withOpenApi(described, about, () => NO_SAMPLE);
  const server = createFront(createApp(routes, watch, asText), routes, watch, rest.patience);
  const base = await listenOn(server, parseListen(options.listen));
  const vkeys = rest.cosigners.map(({ vkey }) => formatVkey(vkey));
  announce(options.json ?? false, { listen: base, tiles: `${base}/${hash}`, origin: mirror.origin, vkeys });
  // A round that is cut short loses nothing that the next one does not do again.
  endWith(async () => {
    await closeFront(server, rest.patience);
    rest.close();
  });
  while (follow) {
    const problem = await follow().then(() => undefined, messageOf);
    if (problem !== trouble) logger.info({ problem }, problem ? 'the log cannot be mirrored' : 'the log is mirrored');
    trouble = problem;
    await sleep(rest.every);
  }
}

/** Tiles and bundles of what is mirrored. */
function tilesOf(mirror: Mirror, copy: SqliteStore): (tile: Tile) => Uint8Array {
  let tree: PublishedTree | undefined;
  return (tile) => {
    const mirrored = mirror.mirrored();
    if (!mirrored) throw new Fault('unknown-resource', 'nothing is mirrored yet', { retryAfter: 10 });
    tree ??= new PublishedTree(copy, mirrored);
    if (tree.head.size !== mirrored.size) tree.advance(mirrored);
    return tree.tile(tile);
  };
}

function announce(json: boolean, what: { listen: string; tiles: string; origin: string; vkeys: string[] }): void {
  if (json) console.log(JSON.stringify(what));
  else {
    const lines = [`listening on ${what.listen}`, `copy of ${what.origin} at ${what.tiles}`];
    console.log([...lines, ...what.vkeys.map((vkey) => `vkey ${vkey}`)].join('\n'));
  }
}
