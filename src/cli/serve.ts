/** `limmat serve`: opens a log and serves it over HTTP until it is told to stop. @module */
import { type AddressInfo, createServer } from 'node:net';
import type { Command } from 'commander';
import { pino } from 'pino';
import { parseCheckpoint } from '../core/checkpoint.ts';
import { verifyStatementLater } from '../core/cose.ts';
import { Fault, messageOf } from '../core/fault.ts';
import { formatVkey, parseNote } from '../core/note.ts';
import { Answers } from '../http/answers.ts';
import { createApp, opaqueRoutes, operatorRoutes, statementRoutes, tileRoutes } from '../http/app.ts';
import type { Verify } from '../http/entries.ts';
import { closeFront, createFront } from '../http/front.ts';
import { createMetrics } from '../http/metrics.ts';
import { queryRoutes } from '../http/query.ts';
import { schemaRoutes } from '../http/schemas.ts';
import { LogHandle, type Published } from '../log/handle.ts';
import { PublishedTree } from '../log/published.ts';
import { receiptHeader } from '../log/sign.ts';
import { LookupHandle } from '../lookup/handle.ts';
import { openStore, type SqliteStore } from '../store/sqlite.ts';
import { type LogDirectory, logDirectory } from './logdir.ts';
import type { LogOptions } from './openlog.ts';
import type { LookupOptions } from './openlookup.ts';
import { command, parseListen, required, setting } from './options.ts';
import { allSchemas } from './schema.ts';
import { screen } from './screen.ts';
import { type MldsaWorker, mldsaWorker } from './threads/mldsaworker.ts';
import { spawn } from './threads/spawn.ts';

export function makeCommand(): Command {
  return command('serve', 'serve a log over HTTP')
    .addOption(setting('--data <dir>', 'directory of the log, made by `limmat init`'))
    .addOption(setting('--listen <host:port>', 'where to listen; port 0 takes any').default('127.0.0.1:8080'))
    .addOption(setting('--guard <file>', 'journal of signed heads (default: DIR.guard)'))
    .addOption(setting('--public-url <url>', 'base URL that receipts and locations name (default: where it listens)'))
    .addOption(setting('--export <dir>', 'keep a static copy of the tree there, for a file server or a CDN'))
    .addOption(setting('--reserve <mebibytes>', 'free disk below which the log is read-only').default('512'))
    .addOption(setting('--patience <seconds>', 'how long a request may take to arrive').default('10'))
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
  acceptClockStep?: boolean;
  json?: boolean;
};

async function serve(options: Options): Promise<void> {
  const directory = logDirectory(required(options, 'data'), options.guard);
  const { host, port } = await freePort(parseListen(options.listen));
  const publicUrl = options.publicUrl?.replace(/\/+$/, '') ?? `http://${host}:${port}`;
  const store = openStore(directory.database, { readonly: true });
  const { origin, entries } = store.identity();
  const logger = pino({ base: null }, pino.destination(2));
  const metrics = createMetrics();
  let stopping = false;

  const worker = spawn('log', {
    directory,
    publicUrl,
    export: options.export,
    reserve: mebibytes(options.reserve),
    acceptClockStep: options.acceptClockStep ?? false,
  } satisfies LogOptions);
  const ended = new Promise<void>((resolve, reject) => {
    worker.once('exit', () => (stopping ? resolve() : reject(new Error('the thread of the log ended'))));
    worker.once('error', reject);
  });
  const trouble = (what: string, message: string) => logger.error({ what }, message);
  const lookup = entries === 'statements' ? startLookup(directory, trouble) : undefined;
  const published = readPublished(store);
  if (published) lookup?.follow(published.head);
  const log = new LogHandle({
    port: worker,
    published,
    committed: store.head().size,
    followed: (head) => lookup?.follow(head),
    openTree: (head) => new PublishedTree(store, head),
    observe: metrics.observe,
    trouble,
  });
  metrics.watch(log);
  const keys = await log.ready;
  const watch = {
    count: metrics.count,
    refused: metrics.refused,
    failed: (error: unknown) => logger.error({ err: error }, 'a request failed'),
  };
  const facts = {
    origin,
    publicUrl,
    receiptKey: keys.receipt,
    receiptHeader: receiptHeader(publicUrl, origin, keys.receipt),
  };
  const routes = [
    ...tileRoutes(log),
    ...(entries === 'opaque'
      ? opaqueRoutes(log)
      : [
          ...statementRoutes({ log, answers: new Answers(facts), verify: verifier(), screen }, keys.receipt),
          ...schemaRoutes(new Map(Object.entries(allSchemas()))),
          ...(lookup ? queryRoutes({ log, lookup }) : []),
        ]),
    ...operatorRoutes({ log, origin, stopping: () => stopping }, metrics),
  ];
  const server = createFront(createApp(routes, watch), routes, watch, 1000 * Number(options.patience));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  announce(options.json ?? false, {
    listen: `http://${host}:${port}`,
    publicUrl,
    origin,
    vkeys: keys.vkeys.map(formatVkey),
  });

  async function stop(): Promise<void> {
    if (stopping) return;
    stopping = true;
    await closeFront(server);
    lookup?.stop();
    await log.stop();
    await ended;
    store.close();
    process.exit();
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop());
  await ended;
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

/** Signatures are checked on libuv's threads; ML-DSA-44, which they do not know, in a thread of its own. */
function verifier(): Verify {
  let mldsa: MldsaWorker | undefined;
  return async (statement, key) => {
    if (key.algorithm !== 'mldsa44' || statement.algorithm !== 'mldsa44') return verifyStatementLater(statement, key);
    mldsa ??= mldsaWorker(undefined);
    return mldsa.verify(key, statement.toBeSigned, statement.signature);
  };
}

/** What was published before this start; reads begin with it. */
function readPublished(store: SqliteStore): Published | undefined {
  const published = store.published();
  if (!published) return undefined;
  const { size, root } = parseCheckpoint(parseNote(published.note).text);
  const head = { ...published, size, root };
  return { head, tree: new PublishedTree(store, head) };
}

function mebibytes(text: string): number {
  const value = Number(text);
  if (!(value >= 0)) throw new Fault('bad-request', `--reserve takes a number of MiB, not "${text}"`);
  return value * 2 ** 20;
}

function announce(json: boolean, what: { listen: string; publicUrl: string; origin: string; vkeys: string[] }): void {
  if (json) console.log(JSON.stringify(what));
  else
    console.log(
      `listening on ${what.listen}\norigin ${what.origin}\n${what.vkeys.map((vkey) => `vkey ${vkey}`).join('\n')}`,
    );
}
