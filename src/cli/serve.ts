/** `limmat serve`: opens a log and serves it over HTTP until it is told to stop. @module */
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import type { Command } from 'commander';
import { pino } from 'pino';
import { parseCheckpoint } from '../core/checkpoint.ts';
import { Fault, messageOf } from '../core/fault.ts';
import { formatVkey, parseNote } from '../core/note.ts';
import { Answers } from '../http/answers.ts';
import {
  createApp,
  keyRoutes,
  opaqueRoutes,
  operatorRoutes,
  proofRoutes,
  statementRoutes,
  tileRoutes,
} from '../http/app.ts';
import { closeFront, createFront } from '../http/front.ts';
import { gossipRoutes } from '../http/gossip.ts';
import { troubleOf } from '../http/health.ts';
import { createMetrics } from '../http/metrics.ts';
import { sampleOf, withOpenApi } from '../http/openapi.ts';
import { buildFinder, queryRoutes } from '../http/questions.ts';
import { schemaRoutes } from '../http/schemas.ts';
import { publishedOf } from '../http/tiles.ts';
import { webRoutes } from '../http/web.ts';
import { LogGossip } from '../log/gossip.ts';
import { LogHandle, type Published } from '../log/handle.ts';
import { LeafIndex } from '../log/leafindex.ts';
import { PublishedTree } from '../log/published.ts';
import { LookupHandle } from '../lookup/handle.ts';
import { openEvidenceFiles } from '../store/evidencefiles.ts';
import { openStore, type SqliteStore } from '../store/sqlite.ts';
import { keysToPin } from './keyring.ts';
import { endWith, listenOn } from './listen.ts';
import { checkExport, type LogDirectory, logDirectory } from './logdir.ts';
import type { LogOptions } from './openlog.ts';
import type { LookupOptions } from './openlookup.ts';
import { command, parseBaseUrl, parseListen, parseNumber, required, setting } from './options.ts';
import { pushersTo } from './pushers.ts';
import { readText } from './readinput.ts';
import { allSchemas } from './schema.ts';
import { screen } from './screen.ts';
import { spawn } from './threads/spawn.ts';
import { verifier } from './threads/verifier.ts';
import { packageVersion } from './version.ts';

/** The pages for people, where `npm run build` puts them. */
const PAGES = join(import.meta.dirname, '../web');

/** How long a start waits for the newest head to be signed again, in milliseconds. */
const RENEWAL = 10_000;

export function makeCommand(): Command {
  return command('serve', 'serve a log over HTTP')
    .addOption(setting('--data <dir>', 'directory of the log, made by `limmat init`'))
    .addOption(setting('--listen <host:port>', 'where to listen; port 0 takes any').default('127.0.0.1:8080'))
    .addOption(setting('--guard <file>', 'journal of signed heads (default: DIR.guard)'))
    .addOption(setting('--public-url <url>', 'base URL that receipts and locations name (default: where it listens)'))
    .addOption(setting('--export <dir>', 'keep a static copy of the tree there, for a file server or a CDN'))
    .addOption(
      setting('--reserve <mebibytes>', 'free disk, of the data or the guard, below which the log is read-only').default(
        '512',
      ),
    )
    .addOption(setting('--patience <seconds>', 'how long a request may take to arrive').default('10'))
    .addOption(setting('--push <url...>', 'mirrors that are sent all that is published (C2SP tlog-mirror)').default([]))
    .addOption(setting('--policy <file>', 'tlog-policy: whose cosignatures a checkpoint needs before it is published'))
    .option('--witness-fail-open', 'publish without a quorum of witnesses rather than wait for one')
    .option('--accept-clock-step', 'go on though the clock is more than 48 hours beyond the last heartbeat')
    .action(serve);
}

type Options = {
  data?: string;
  listen: string;
  guard?: string;
  publicUrl?: string;
  export?: string;
  reserve: string;
  patience: string;
  push: string[];
  policy?: string;
  witnessFailOpen?: boolean;
  acceptClockStep?: boolean;
  json?: boolean;
};

async function serve(options: Options): Promise<void> {
  const directory = logDirectory(required(options, 'data'), options.guard);
  const patience = 1000 * parseNumber('patience', options.patience, 0.1);
  const reserve = 2 ** 20 * parseNumber('reserve', options.reserve);
  const { host, port } = await freePort(parseListen(options.listen));
  const listen = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const publicUrl = options.publicUrl === undefined ? listen : parseBaseUrl('--public-url', options.publicUrl);
  checkExport(options.export, directory);
  const store = openStore(directory.database, { readonly: true });
  const { origin, entries } = store.identity();
  const logger = pino({ base: null }, pino.destination(2));
  const trouble = (what: string, message: string) => logger.error({ what }, message);
  const news = (what: string, message: string) => logger.info({ what }, message);
  const pushers = pushersTo(options.push, origin, trouble, news);
  const metrics = createMetrics();
  let stopping = false;

  const worker = spawn('log', {
    directory,
    publicUrl,
    export: options.export,
    reserve,
    acceptClockStep: options.acceptClockStep ?? false,
    witnesses: witnessesOf(options),
  } satisfies LogOptions);
  const ended = new Promise<void>((resolve, reject) => {
    worker.once('exit', () => (stopping ? resolve() : reject(new Error('the thread of the log ended'))));
    worker.once('error', reject);
  });
  ended.catch(() => {}); // told below, unless the thread itself said before why it ends
  let lookup: LookupHandle | undefined;
  const follow = () => {
    for (const pusher of pushers) if (log.published) pusher.follow(log.published);
  };
  const log = new LogHandle({
    port: worker,
    published: readPublished(store),
    committed: store.head().size,
    followed: (head) => {
      lookup?.follow(head);
      follow();
    },
    openTree: (head) => new PublishedTree(store, head),
    observe: metrics.observe,
    trouble,
    news,
  });
  metrics.watch(log, pushers);
  const closeLog = async () => {
    stopping = true;
    await Promise.all(pushers.map((pusher) => pusher.stop()));
    lookup?.stop();
    await log.stop();
    await ended;
    store.close();
  };
  const keys = await Promise.race([log.ready, ended as Promise<never>]);
  const pinned = keysToPin(directory, keys.vkeys);
  // Not before: a log that cannot be opened ends, and leaves no other thread behind.
  if (entries === 'statements') lookup = startLookup(directory, trouble);
  if (log.published) lookup?.follow(log.published.head);
  follow();
  // What was signed before may name another receipt key or URL: it is only shown if nothing newer comes.
  await log.renewed(RENEWAL);
  const leaves = new LeafIndex(() => publishedOf(log).tree);
  const listenWith = async () => {
    const watch = {
      count: metrics.count,
      refused: metrics.refused,
      failed: (error: unknown) => logger.error({ err: error }, 'a request failed'),
    };
    const facts = {
      origin,
      publicUrl,
      receiptKeys: keys.receipts,
    };
    const described = [
      ...tileRoutes(log),
      ...(entries === 'opaque'
        ? opaqueRoutes(log)
        : [
            ...statementRoutes({ log, answers: new Answers(facts), verify: verifier(), screen }),
            ...schemaRoutes(new Map(Object.entries(allSchemas()))),
          ]),
      ...keyRoutes(keys.receipts),
      ...proofRoutes({
        log,
        receiptKeys: keys.receipts,
        findLeaf: (leaf) => leaves.find(leaf),
        publishedAt: (size) => store.publishedAt(size),
        findBuild: lookup && buildFinder({ log, lookup }),
      }),
      // Before the questions, which answer for all of /v1/.
      ...webRoutes(PAGES, { origin, publicUrl, vkeys: pinned, entries, trouble: () => troubleOf(log) }),
      ...(lookup ? queryRoutes({ log, lookup }) : []),
      ...gossipRoutes(
        new LogGossip({
          origin,
          vkeys: keys.vkeys,
          published: () => log.published,
          publishedAfter: (size, limit) => store.publishedAfter(size, limit),
          files: openEvidenceFiles(directory.evidence),
          alarm: (message) => logger.error({ evidence: directory.evidence }, message),
        }),
        () => performance.now(),
      ),
      ...operatorRoutes({ log, origin, stopping: () => stopping }, metrics),
    ];
    const about = { title: `The log ${origin}`, version: packageVersion(), url: publicUrl };
    const routes = withOpenApi(described, about, () => sampleOf(log, keys.receipts));
    const server = createFront(createApp(routes, watch), routes, watch, patience);
    await listenOn(server, { host, port });
    return server;
  };
  // Its threads would keep a process that does not come as far as to listen.
  const server = await listenWith().catch(async (error: unknown) => {
    await closeLog();
    throw error;
  });
  endWith(async () => {
    stopping = true;
    await closeFront(server, patience);
    await closeLog();
  });
  announce(options.json ?? false, {
    listen,
    publicUrl,
    origin,
    vkeys: pinned.map(formatVkey),
  });
  await ended;
}

function witnessesOf({ policy, witnessFailOpen: failOpen = false }: Options): LogOptions['witnesses'] {
  if (policy !== undefined) return { policy: readText(policy), failOpen };
  if (failOpen)
    throw new Fault('bad-request', '--witness-fail-open is for a log with witnesses: name them by --policy FILE');
  return undefined;
}

/** The address with a port that is free, if any will do: receipts name it, so it must be known before the log opens. */
async function freePort({ host, port }: { host: string; port: number }): Promise<{ host: string; port: number }> {
  if (port !== 0) return { host, port };
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, host, resolve));
  const free = (probe.address() as AddressInfo).port;
  await new Promise((resolve) => probe.close(resolve));
  return { host, port: free };
}

/** The lookup can fail without the log: what it answers can be had from the entries. */
function startLookup(
  { database, lookup }: LogDirectory,
  trouble: (what: string, message: string) => void,
): LookupHandle {
  const worker = spawn('lookup', { database, postings: lookup } satisfies LookupOptions);
  const handle = new LookupHandle(worker, (message) => trouble('lookup', message));
  worker.once('error', (error: unknown) => {
    trouble('lookup', `the lookup ended, and starts with the server: ${messageOf(error)}`);
    handle.end();
  });
  return handle;
}

/** What was published before this start; reads begin with it. */
function readPublished(store: SqliteStore): Published | undefined {
  const published = store.published();
  if (!published) return undefined;
  const { size, root } = parseCheckpoint(parseNote(published.note).text);
  const head = { ...published, size, root };
  return { head, tree: new PublishedTree(store, head) };
}

function announce(json: boolean, what: { listen: string; publicUrl: string; origin: string; vkeys: string[] }): void {
  if (json) console.log(JSON.stringify(what));
  else
    console.log(
      `listening on ${what.listen}\norigin ${what.origin}\n${what.vkeys.map((vkey) => `vkey ${vkey}`).join('\n')}`,
    );
}
