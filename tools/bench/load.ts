/**
 * A lean load generator, a process of its own: keep-alive connections over bare sockets, one request in flight on
 * each, responses read just far enough to know where they end. It costs about as much as wrk, so that the figures on a
 * shared machine are mostly the server's. Reads a `Load` from its standard input, prints a `LoadResult`. @module
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { percentile } from './statistics.ts';

/** What to send; `bodies` is a file of bodies, each behind its uint32 length, sent in turn; without it bodies are made. */
export type Load = {
  readonly port: number;
  readonly method: 'GET' | 'POST';
  readonly paths: readonly string[];
  readonly headers: readonly string[];
  readonly connections: number;
  /** Stop after so many requests, or after so many seconds and one request a connection, whichever comes first. */
  readonly requests: number;
  readonly seconds: number;
  readonly entryBytes: number;
  /** Entries per request; more than one makes CBOR sequences of byte strings. */
  readonly batch: number;
  readonly bodies: string | undefined;
  /** How many of the bodies in the file are passed over, as this server has had them. */
  readonly skip: number;
  /** Makes the entries of this run differ from those of every other. */
  readonly salt: string;
};

export type LoadResult = {
  readonly requests: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  /** Answers by status. */
  readonly statuses: Record<string, number>;
  /** Seconds of processor time that this process has used. */
  readonly processor: number;
};

/** An entry of `length` bytes that no other call makes. */
export function makeEntry(salt: string, n: number, length: number): Buffer {
  const entry = Buffer.alloc(length, 0x2e);
  entry.write(`${salt} ${n} `, 'latin1');
  return entry;
}

/** A CBOR byte string (RFC 8949 major type 2) of up to 65,535 bytes. */
function byteString(bytes: Buffer): Buffer {
  const { length } = bytes;
  const head = length < 24 ? [0x40 + length] : length < 256 ? [0x58, length] : [0x59, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), bytes]);
}

function* makeBodies(load: Load): Generator<Buffer> {
  for (let n = 0; ; n += load.batch) {
    if (load.batch === 1) yield makeEntry(load.salt, n, load.entryBytes);
    else
      yield Buffer.concat(
        Array.from({ length: load.batch }, (_, i) => byteString(makeEntry(load.salt, n + i, load.entryBytes))),
      );
  }
}

function* readBodies(file: string, skip: number): Generator<Buffer> {
  const all = readFileSync(file);
  for (let [at, n] = [0, 0]; at < all.length; n++) {
    const length = all.readUInt32BE(at);
    if (n >= skip) yield all.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LENGTH = Buffer.from('ontent-length: ');
const UPPER_LENGTH = Buffer.from('ontent-Length: ');

/** How many bytes the response that begins in `bytes` has in all. */
function responseLength(bytes: Buffer): number {
  const head = bytes.indexOf(HEAD_END);
  if (head < 0) throw new Error('a response came without the end of its head in the first read');
  let at = bytes.indexOf(LENGTH);
  if (at < 0) at = bytes.indexOf(UPPER_LENGTH);
  let length = 0;
  for (let i = at + LENGTH.length; (bytes[i] as number) >= 48; i++) length = length * 10 + (bytes[i] as number) - 48;
  return head + 4 + (at < 0 || at > head ? 0 : length);
}

function run(load: Load): Promise<LoadResult> {
  const bodies =
    load.method === 'POST' ? (load.bodies ? readBodies(load.bodies, load.skip) : makeBodies(load)) : undefined;
  const latencies: number[] = [];
  const statuses: Record<string, number> = {};
  const started = performance.now();
  let [sent, open] = [0, load.connections];

  function request(): Buffer | undefined {
    const late = sent >= load.connections && performance.now() - started > load.seconds * 1000;
    if (late || sent >= load.requests) return undefined;
    const path = load.paths[sent % load.paths.length] as string;
    const body = bodies ? bodies.next().value : undefined;
    if (bodies && !body) return undefined;
    sent++;
    return body ? Buffer.concat([headOf(load, path, body.length), body]) : headOf(load, path, undefined);
  }

  return new Promise((resolve, reject) => {
    function finish(): void {
      open--;
      if (open > 0) return;
      const seconds = (performance.now() - started) / 1000;
      latencies.sort((a, b) => a - b);
      const [p50, p99] = [percentile(latencies, 0.5), percentile(latencies, 0.99)];
      const { user, system } = process.cpuUsage();
      resolve({ requests: latencies.length, seconds, p50, p99, statuses, processor: (user + system) / 1e6 });
    }

    // `onread` gives the bytes without a stream around them, which halves what a response costs here.
    for (let i = 0; i < load.connections; i++) {
      const place = Buffer.alloc(256 * 1024);
      let [got, whole, from] = [0, Number.POSITIVE_INFINITY, 0];
      const socket = connect({
        port: load.port,
        host: '127.0.0.1',
        noDelay: true,
        onread: { buffer: place, callback: receive },
      });
      socket.on('connect', next).on('error', reject);

      function next(): void {
        const bytes = request();
        if (!bytes) {
          socket.end();
          finish();
          return;
        }
        from = performance.now();
        socket.write(bytes);
      }

      function receive(count: number, buffer: Uint8Array): boolean {
        const bytes = buffer as Buffer;
        if (got === 0) {
          whole = responseLength(bytes.subarray(0, count));
          const status = bytes.toString('latin1', 9, 12);
          statuses[status] = (statuses[status] ?? 0) + 1;
        }
        got += count;
        if (got < whole) return true;
        got = 0;
        latencies.push(performance.now() - from);
        next();
        return true;
      }
    }
  });
}

const heads = new Map<string, Buffer>();

/** The head of a request; the same one is made once. */
function headOf(load: Load, path: string, length: number | undefined): Buffer {
  const key = `${path} ${length}`;
  const known = heads.get(key);
  if (known) return known;
  const lines = [`${load.method} ${path} HTTP/1.1`, `host: 127.0.0.1:${load.port}`, ...load.headers];
  if (length !== undefined) lines.push(`content-length: ${length}`);
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  heads.set(key, head);
  return head;
}

if (process.argv[1] === import.meta.filename) {
  console.log(JSON.stringify(await run(JSON.parse(readFileSync(0, 'utf8')) as Load)));
}
