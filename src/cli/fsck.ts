/** `limmat fsck`: re-derives a whole log, its own or anyone's, and tells everything that is not as it should be. @module */
import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { LogClient } from '../client/logclient.ts';
import { statementIn } from '../client/offline.ts';
import { equal } from '../core/bytes.ts';
import { parseCheckpoint } from '../core/checkpoint.ts';
import { openCheckpoint } from '../core/cosignature.ts';
import { Fault, messageOf } from '../core/fault.ts';
import { parseNote, type Vkey } from '../core/note.ts';
import { Reader } from '../core/reader.ts';
import { TILE_WIDTH, tilePath } from '../core/tile.ts';
import { fullTile } from '../log/edge.ts';
import { parseGuard } from '../log/guard.ts';
import { type CheckParts, checkTree, type Finding } from '../monitor/check.ts';
import { Replay } from '../monitor/replay.ts';
import { kindOf } from '../registry/names.ts';
import { openStore, type SqliteStore } from '../store/sqlite.ts';
import { FAILED } from './exit.ts';
import { type LogDirectory, logDirectory } from './logdir.ts';
import { command, required, setting } from './options.ts';
import { progressBar } from './progress.ts';
import { readVkeys } from './readinput.ts';

export function makeCommand(): Command {
  return command('fsck', 'check a whole log: re-derive it from its entries and compare all that was said about it')
    .addOption(setting('--data <dir>', 'a log on this machine'))
    .addOption(setting('--guard <file>', 'its journal of signed heads (default: DIR.guard)'))
    .addOption(setting('--url <url>', 'a log anywhere, read through its tiles'))
    .addOption(
      setting('--vkey <file>', 'the keys that must have signed it, one a line (default with --data: DIR/log.vkey)'),
    )
    .action(fsck);
}

type Options = { data?: string; guard?: string; url?: string; vkey?: string; json?: boolean };
type Report = { readonly origin: string; readonly size: number; readonly findings: readonly Finding[] };

async function fsck(options: Options): Promise<void> {
  if ((options.data === undefined) === (options.url === undefined)) {
    throw new Fault('bad-request', 'fsck takes one of --data DIR and --url URL');
  }
  const report = options.data === undefined ? await checkUrl(options) : await checkData(options);
  if (options.json) {
    console.log(JSON.stringify(report));
  } else {
    for (const { place, message } of report.findings) console.log(`${place}: ${message}`);
    const verdict = report.findings.length === 0 ? 'all as it should be' : `${report.findings.length} findings`;
    console.log(`${report.origin}: ${report.size} entries checked, ${verdict}`);
  }
  if (report.findings.length > 0) process.exitCode = FAILED;
}

async function checkUrl(options: Options): Promise<Report> {
  const { get } = new LogClient(required(options, 'url'), fetch);
  const { checkpoint } = openCheckpoint(await get('checkpoint'), readVkeys(required(options, 'vkey')));
  const { origin, size } = checkpoint;
  const reader = new Reader(get, checkpoint);
  const replay = new Replay(async (index) => {
    const entries = await reader.entries(Math.floor(index / TILE_WIDTH));
    return entries[index % TILE_WIDTH] as Uint8Array;
  });
  const replayed: Finding[] = [];
  let statements = true;
  const findings = await checkTree({
    ...progressOf(size, options),
    head: checkpoint,
    heads: [],
    source: {
      bundle: (n, width) => get(tilePath({ level: 'entries', n, width })),
      tile: (level, n, width) => get(tilePath({ level, n, width })),
    },
    async entries(first, entries) {
      // A log of statements begins with a policy; what begins otherwise is a log of opaque bytes.
      if (first === 0) statements = isPolicy(entries[0] as Uint8Array);
      if (statements) replayed.push(...(await replay.take(first, entries)));
    },
  });
  return { origin, size, findings: [...findings, ...replayed] };
}

function isPolicy(entry: Uint8Array): boolean {
  return kindOf(statementIn(entry)?.contentType ?? '') === 'policy';
}

async function checkData(options: Options): Promise<Report> {
  const directory = logDirectory(required(options, 'data'), options.guard);
  const store = openStore(directory.database, { readonly: true });
  const { origin, entries: mode } = store.identity();
  const head = store.head();
  const guarded = readGuard(directory, origin);
  const heads = [...guarded.heads, ...publishedHeads(store)].sort((a, b) => a.size - b.size);
  const before = [...checkNotes(store, origin, readVkeys(options.vkey ?? directory.vkeys)), ...guarded.findings];
  for (const { size, said } of heads.filter((each) => each.size > head.size)) {
    before.push({ place: `size ${size}`, message: `${said} names more entries than the ${head.size} of the database` });
  }
  const statements = mode === 'statements' ? new StoredStatements(store) : undefined;
  const found = await checkTree({
    ...progressOf(head.size, options),
    head,
    heads: heads.filter(({ size }) => size <= head.size),
    source: storedSource(store),
    entries: (first, entries) => statements?.take(first, entries),
  });
  const after = statements?.end() ?? [];
  store.close();
  return { origin, size: head.size, findings: [...before, ...found, ...after] };
}

/** Replays the statements of a database, and compares what it keeps beside them: ids, and the list of governance. */
class StoredStatements {
  readonly #store: SqliteStore;
  readonly #replay: Replay;
  readonly #findings: Finding[] = [];
  readonly #governance: number[] = [];

  constructor(store: SqliteStore) {
    this.#store = store;
    this.#replay = new Replay(
      (index) => store.entries(index, index + 1).subarray(2),
      ({ index, statement }, governance) => this.#compare(index, statement.id, governance),
    );
  }

  async take(first: number, entries: readonly Uint8Array[]): Promise<void> {
    this.#findings.push(...(await this.#replay.take(first, entries)));
  }

  end(): readonly Finding[] {
    const kept = this.#store.governance();
    const wrong = kept.length !== this.#governance.length || kept.some((index, i) => index !== this.#governance[i]);
    if (wrong)
      this.#findings.push({
        place: 'governance',
        message: 'the list of governance entries is not that of the entries',
      });
    return this.#findings;
  }

  #compare(index: number, id: Uint8Array, governance: boolean): void {
    if (governance) this.#governance.push(index);
    if (equal(this.#store.idAt(index), id)) return;
    this.#findings.push({ place: `id of entry ${index}`, message: 'the stored id is not that of the statement' });
  }
}

/** The database itself. It holds no partial tiles: they are made from the entries whenever they are needed. */
function storedSource(store: SqliteStore): CheckParts['source'] {
  return {
    bundle: (n, width) => store.entries(n * TILE_WIDTH, n * TILE_WIDTH + width),
    tile: (level, n, width) => (width === TILE_WIDTH ? fullTile(store, level, n) : undefined),
  };
}

function* checkNotes(store: SqliteStore, origin: string, vkeys: readonly Vkey[]): Generator<Finding> {
  for (const { size, note } of store.checkpoints()) {
    const place = `checkpoint ${size}`;
    try {
      const { checkpoint } = openCheckpoint(note, vkeys);
      if (checkpoint.size !== size) yield { place, message: `it says size ${checkpoint.size}` };
      if (checkpoint.origin !== origin) yield { place, message: `it is of ${checkpoint.origin}` };
    } catch (error) {
      yield { place, message: messageOf(error) };
    }
  }
}

function publishedHeads(store: SqliteStore): CheckParts['heads'] {
  return [...store.checkpoints()].flatMap(({ note }) => {
    try {
      return [{ ...parseCheckpoint(parseNote(note).text), said: 'a published checkpoint' }];
    } catch {
      return []; // told by checkNotes
    }
  });
}

function readGuard(directory: LogDirectory, origin: string): { heads: CheckParts['heads']; findings: Finding[] } {
  const place = directory.guard;
  if (!existsSync(place)) return { heads: [], findings: [{ place, message: 'there is no guard' }] };
  try {
    const { heads } = parseGuard(Uint8Array.from(readFileSync(place)), origin);
    return { heads: heads.map((head) => ({ ...head, said: 'the guard' })), findings: [] };
  } catch (error) {
    return { heads: [], findings: [{ place, message: messageOf(error) }] };
  }
}

function progressOf(size: number, options: Options): Pick<CheckParts, 'progress'> {
  const bar = progressBar('checking', size, options.json);
  return {
    progress: (done) => {
      bar.update(done);
      if (done === size) bar.stop();
    },
  };
}
