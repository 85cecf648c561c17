/**
 * Puts a log together from its directory: store, guard, keys, rules, exports. `serve` does it in a thread of its own,
 * `init` where it stands. @module
 */
import { statfsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { deriveSeed } from '../core/logkeys.ts';
import type { Port } from '../log/channel.ts';
import { Exporter } from '../log/exporter.ts';
import { PublishedTree } from '../log/published.ts';
import { Publisher } from '../log/publisher.ts';
import { opaqueRules } from '../log/rules.ts';
import { serveLog } from '../log/service.ts';
import { deriveSigner, headSigner, type SignedHead } from '../log/sign.ts';
import { fileExport } from '../store/files.ts';
import { openGuardFile } from '../store/guardfile.ts';
import { readSeed } from '../store/seed.ts';
import { openStore } from '../store/sqlite.ts';
import type { LogDirectory } from './logdir.ts';
import { signLater } from './threads/signlater.ts';

/** What `serve` decides about a log that init made. */
export type LogOptions = {
  readonly directory: LogDirectory;
  readonly publicUrl: string;
  /** Directory of a static copy. */
  readonly export: string | undefined;
  /** Bytes that must stay free on the disk of the data. */
  readonly reserve: number;
};

/** Opens the log and serves it on a port; resolves when it was told to stop and has. */
export function runLog(port: Port, { directory, publicUrl, export: copy, reserve }: LogOptions): Promise<void> {
  const store = openStore(directory.database);
  const guard = openGuardFile(directory.guard);
  const seed = readSeed(directory.seed);
  const { origin, entries } = store.identity();
  const derived = (use: 'checkpoint-ed25519' | 'receipt-p256') => deriveSigner(seed, use, store.keyNumber(use));
  const mldsa44 = signLater(deriveSeed(seed, 'checkpoint-mldsa44', store.keyNumber('checkpoint-mldsa44')));
  const signer = headSigner({
    origin,
    publicUrl,
    ed25519: derived('checkpoint-ed25519'),
    receipt: derived('receipt-p256'),
    mldsa44,
    clock: () => new Date(),
  });
  let tree: PublishedTree | undefined;
  const exporter = copy
    ? new Exporter({
        target: fileExport(copy, origin),
        read: (tile) => (tree as PublishedTree).tile(tile),
        sleep,
        failed: (error) => port.postMessage({ type: 'trouble', what: 'export', message: String(error) }),
      })
    : undefined;

  function exportHead(head: SignedHead): void {
    if (!exporter) return;
    tree ??= new PublishedTree(store, head);
    tree.advance(head);
    exporter.follow(head);
  }

  port.postMessage({ type: 'ready', keys: signer.keys });
  return new Promise((resolve) => {
    serveLog({
      port,
      log: {
        origin,
        entries,
        store,
        guard,
        rules: opaqueRules,
        clock: () => new Date(),
        free: () => freeBytes(directory.data),
        reserve,
      },
      publisher: (log, send, observe, settled) =>
        new Publisher({
          log,
          signer,
          publication: store,
          announce(head) {
            send({ type: 'published', head });
            exportHead(head);
          },
          settled,
          sleep,
          observe,
        }),
      async stopped() {
        await exporter?.idle();
        await mldsa44.end();
        store.close();
        guard.close();
        resolve();
      },
    });
  });
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}
