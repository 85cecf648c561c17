/** The story as a log in this process, with its lookup and its pages, on a port of the loopback. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { runLookup } from '../../src/cli/openlookup.ts';
import { createApp, proofRoutes } from '../../src/http/app.ts';
import { closeFront, createFront } from '../../src/http/front.ts';
import { gossipRoutes } from '../../src/http/gossip.ts';
import { queryRoutes } from '../../src/http/questions.ts';
import { webRoutes } from '../../src/http/web.ts';
import type { Port } from '../../src/log/channel.ts';
import { LogGossip } from '../../src/log/gossip.ts';
import type { EntryMode } from '../../src/log/ports.ts';
import { LookupHandle } from '../../src/lookup/handle.ts';
import { originHash } from '../../src/monitor/peers.ts';
import { openEvidenceFiles } from '../../src/store/evidencefiles.ts';
import { folder } from '../folder.ts';
import { HttpLog, RECEIPT_KEY, routesOf, VKEYS } from '../http/httplog.ts';
import { ORIGIN, type World } from '../registry/world.ts';
import { cosignedBy } from './story.ts';

export const PAGES = join(import.meta.dirname, '../../dist/web');

const opened: (() => Promise<void>)[] = [];

/** Ends all that were served, also after a test that failed. */
export async function closeStories(): Promise<void> {
  for (const close of opened.splice(0)) await close();
}

export type StoryLog = {
  readonly url: string;
  readonly log: HttpLog;
  /** Where heads are exchanged. */
  readonly gossip: string;
  readonly evidence: ReturnType<typeof openEvidenceFiles>;
};

/**
 * Plays a world heartbeat by heartbeat, so that its checkpoints have the times of the story, and serves it. A trusting
 * log checks no signatures.
 */
export async function serveStory(world: World, trusting = false): Promise<StoryLog> {
  let now = 0;
  const clock = () => new Date(now);
  const log = new HttpLog('statements', { clock, cosign: (note) => cosignedBy(note, Math.floor(now / 1000)) });
  let batch: (typeof world.entries)[number][] = [];
  const play = async () => {
    await Promise.all(batch.map(({ statement: { id, entry } }) => log.handle.add({ id, entry, verified: trusting })));
    batch = [];
  };
  for (const entry of world.entries) {
    const beat = entry.statement.contentType.includes('heartbeat');
    if (!beat) {
      batch.push(entry);
      continue;
    }
    await play();
    const at = Date.parse(
      /\d{4}-\d\d-\d\dT[\d:]+Z/.exec(new TextDecoder().decode(entry.statement.payload))?.[0] as string,
    );
    // A heartbeat of the log's own would come first if its clock were an hour beyond the last one.
    if (now === 0) now = at + 600_000;
    batch.push(entry);
    if (entry.index > 1) await play();
    now = at + 600_000;
  }
  await play();
  await log.handle.caughtUp(60_000);
  return listen(log);
}

/** A log of bytes, which nobody can ask about them. */
export async function serveOpaque(entries: readonly Uint8Array[]): Promise<StoryLog> {
  const log = new HttpLog('opaque');
  for (const entry of entries) await log.app.request('/add', { method: 'POST', body: entry as BodyInit });
  await log.handle.caughtUp(60_000);
  return listen(log, 'opaque');
}

function lookupOf(log: HttpLog): { lookup: LookupHandle; close: () => Promise<void> } {
  const { port1, port2 } = new MessageChannel();
  const ended = runLookup(port1 as Port, { database: log.database, postings: join(folder(), 'lookup.db') });
  const lookup = new LookupHandle(port2 as never, (message) => log.failures.push(message));
  const published = log.handle.published;
  if (published) lookup.follow(published.head);
  const close = async () => {
    lookup.stop();
    await ended;
    port1.close();
    port2.close();
  };
  return { lookup, close };
}

async function listen(log: HttpLog, mode: EntryMode = 'statements'): Promise<StoryLog> {
  const asked = mode === 'statements' ? lookupOf(log) : undefined;
  const evidence = openEvidenceFiles(join(folder(), 'evidence'));
  const gossip = new LogGossip({
    origin: ORIGIN,
    vkeys: VKEYS,
    published: () => log.handle.published,
    publishedAfter: (size, limit) => log.reads.publishedAfter(size, limit),
    files: evidence,
    alarm: () => {},
  });
  const facts = {
    origin: ORIGIN,
    publicUrl: 'https://log.example',
    vkeys: VKEYS,
    entries: mode,
    trouble: () => undefined,
  };
  const routes = [
    ...routesOf(log.handle, mode),
    ...proofRoutes({
      log: log.handle,
      receiptKeys: [RECEIPT_KEY],
      findLeaf: async () => undefined,
      publishedAt: (size) => log.reads.publishedAt(size),
    }),
    ...webRoutes(PAGES, facts),
    ...(asked ? queryRoutes({ log: log.handle, lookup: asked.lookup }) : []),
    ...gossipRoutes(gossip, () => performance.now()),
  ];
  const server = createFront(createApp(routes, log.watch), routes, log.watch, 10_000);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  opened.push(async () => {
    await closeFront(server, 1000);
    await asked?.close();
    await log.close();
  });
  const url = `http://127.0.0.1:${port}`;
  return { url, log, evidence, gossip: `${url}/gossip/v1/${originHash(ORIGIN)}` };
}
