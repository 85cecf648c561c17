/**
 * Puts a log together from its directory: store, guard, keys, rules, exports. `serve` does it in a thread of its own,
 * `init` where it stands. @module
 */
import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parsePolicy } from '../core/tlogpolicy.ts';
import type { FromLog, NewKey, Port, SignedByKey } from '../log/channel.ts';
import { loadEdge, storedTreeNode } from '../log/edge.ts';
import { Exporter } from '../log/exporter.ts';
import { rootFrom } from '../log/guard.ts';
import type { Log } from '../log/log.ts';
import { PublishedTree } from '../log/published.ts';
import { Publisher } from '../log/publisher.ts';
import { opaqueRules, type Rules } from '../log/rules.ts';
import { serveLog } from '../log/service.ts';
import { headSigner, type LogPublicKeys, type SignedHead } from '../log/sign.ts';
import { StatementRules } from '../log/statements.ts';
import { Witnessing } from '../log/witnessing.ts';
import type { KnownKey } from '../registry/view.ts';
import { fileExport } from '../store/files.ts';
import { openGuardFile } from '../store/guardfile.ts';
import { openStore, type SqliteStore } from '../store/sqlite.ts';
import { get, post, timeLimit } from './fetched.ts';
import { mldsaSeed, openKeys, receiptKeys } from './keyring.ts';
import type { LogDirectory } from './logdir.ts';
import { mldsaWorker } from './threads/mldsaworker.ts';

/** How long witnesses have to answer for one head, in milliseconds. */
const ROUND = 3000;

/** What `serve` decides about a log that init made. */
export type LogOptions = {
  readonly directory: LogDirectory;
  readonly publicUrl: string;
  /** Directory of a static copy. */
  readonly export: string | undefined;
  /** Bytes that must stay free on the disk of the data. */
  readonly reserve: number;
  readonly acceptClockStep: boolean;
  /** Whose cosignatures a checkpoint needs before it is published: a tlog-policy file. Without it, nobody's. */
  readonly witnesses?: { readonly policy: Uint8Array; readonly failOpen: boolean } | undefined;
};

/** Opens the log and serves it on a port; resolves when it was told to stop and has. */
export async function runLog(port: Port, { directory, publicUrl, witnesses, ...options }: LogOptions): Promise<void> {
  const send = (message: FromLog) => port.postMessage(message);
  const clock = () => new Date();
  const store = openStore(directory.database);
  const guard = openGuardFile(directory.guard);
  const keys = openKeys(directory, store);
  const seed = mldsaSeed(directory, store);
  const { origin, entries } = store.identity();
  const [, ...retired] = receiptKeys(keys.keyring, store);
  const follow = exporter(options.export, origin, store, send);
  // Last, and ended below if the log is refused after all: a thread that runs would keep this one from ending.
  const mldsa = mldsaWorker(seed);
  const signer = headSigner({
    origin,
    publicUrl,
    ed25519: keys.inUse('checkpoint-ed25519'),
    receipt: keys.inUse('receipt-p256'),
    retired,
    newest: store.published()?.timestamp ?? 0,
    mldsa44: { key: await mldsa.key, sign: mldsa.sign },
    clock,
  });
  const statementKey = keys.inUse('statement-ed25519');
  const learn = (keys: readonly KnownKey[]) => send({ type: 'keys', keys: keys.map(toNewKey) });
  const rules: Rules =
    entries === 'opaque'
      ? opaqueRules
      : new StatementRules({
          store,
          statementKey,
          learn,
          rootAt: rootReader(store),
          signing: signingTo(send, clock, 'heartbeat', 'taken in, as a heartbeat is due'),
          ...options,
        });
  return new Promise<void>((resolve) => {
    serveLog({
      port,
      log: {
        origin,
        entries,
        store,
        guard,
        rules,
        clock,
        free: () => ({ data: freeBytes(directory.data), guard: freeBytes(dirname(directory.guard)) }),
        reserve: options.reserve,
      },
      publisher: (log, observe, settled) =>
        new Publisher({
          log,
          signer,
          publication: store,
          witnessing: witnesses && witnessingOf({ ...witnesses, origin, keys: signer.keys, log, send }),
          announce(head) {
            send({ type: 'published', head });
            follow?.head(head);
          },
          settled,
          signing: signingTo(send, clock, 'checkpoint', 'signed or published'),
          sleep,
          alarm,
          observe,
        }),
      async stopped() {
        await follow?.stop();
        await mldsa.end();
        keys.keyring.close();
        store.close();
        guard.close();
        resolve();
      },
    });
    // After the start-up checks: a log that may not sign has said so by now, and nobody takes it for healthy.
    send({ type: 'ready', keys: signer.keys });
  }).catch(async (error: unknown) => {
    await mldsa.end();
    throw error;
  });
}

/** Tells that a key is away, what that prevents, and that it is back. */
function signingTo(send: (message: FromLog) => void, clock: () => Date, what: SignedByKey, prevented: string) {
  return (trouble: string | undefined): void => {
    send({ type: 'signing', what, awaySince: trouble === undefined ? undefined : clock().getTime() });
    if (trouble === undefined) send({ type: 'news', what: 'signing', message: `${what}s are signed again` });
    else send({ type: 'trouble', what: 'signing', message: `ALARM: nothing is ${prevented}: ${trouble}` });
  };
}

type WitnessingOf = NonNullable<LogOptions['witnesses']> & {
  readonly origin: string;
  readonly keys: LogPublicKeys;
  readonly log: Log;
  readonly send: (message: FromLog) => void;
};

function witnessingOf({ policy, failOpen, origin, keys, log, send }: WitnessingOf): Witnessing {
  return new Witnessing({
    policy: parsePolicy(policy),
    origin,
    vkeys: keys.vkeys,
    tree: log,
    post,
    get,
    failOpen,
    clock: () => new Date(),
    sleep,
    random: Math.random,
    deadline: () => timeLimit(ROUND),
    freeze: (error) => log.freeze(error),
    tell: (level, message) => send({ type: level === 'error' ? 'trouble' : 'news', what: 'witnesses', message }),
    report: (status) => send({ type: 'witnessing', status }),
  });
}

function alarm(milliseconds: number, ring: () => void): () => void {
  const timer = setTimeout(ring, milliseconds);
  return () => clearTimeout(timer);
}

function exporter(copy: string | undefined, origin: string, store: SqliteStore, send: (message: FromLog) => void) {
  if (copy === undefined) return undefined;
  const target = fileExport(copy, origin);
  const read = (tile: Parameters<PublishedTree['tile']>[0]) => (tree as PublishedTree).tile(tile);
  const failed = (error: unknown) => send({ type: 'trouble', what: 'export', message: String(error) });
  const following = new Exporter({ target, read, sleep, failed });
  let tree: PublishedTree | undefined;
  return {
    head(head: SignedHead): void {
      tree ??= new PublishedTree(store, head);
      tree.advance(head);
      following.follow(head);
    },
    stop: () => following.stop(),
  };
}

/** Reads the roots of the committed tree at earlier sizes. */
export function rootReader(store: SqliteStore): (size: number) => ReturnType<typeof rootFrom> {
  return (size) => {
    const edge = loadEdge(store, store.head().size);
    return rootFrom(size, (node) => storedTreeNode(store, edge, node));
  };
}

function toNewKey({ kid, key }: KnownKey): NewKey {
  return { kid, algorithm: key.algorithm, bytes: key.bytes };
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}
