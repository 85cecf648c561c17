import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddCheckpoint } from '../../src/core/addcheckpoint.ts';
import { type Hash, utf8 } from '../../src/core/bytes.ts';
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from '../../src/core/checkpoint.ts';
import { openCheckpoint } from '../../src/core/cosignature.ts';
import { leafHash } from '../../src/core/hash.ts';
import { COSIGNATURE_ED25519, formatNote, formatVkey, parseNote, parseVkey } from '../../src/core/note.ts';
import { verifyConsistency } from '../../src/core/proof.ts';
import { run } from '../cli/world.ts';
import { folder } from '../folder.ts';
import { keyOf, lineBy } from '../witness/testlog.ts';
import { submit } from './cosigning.ts';
import { forgedNote } from './restored.ts';
import { type Server, serve, serveWitness } from './server.ts';
import { says, until } from './until.ts';

// A log that runs, a witness of ours, and two witnesses with good keys that do not do what a witness should.

const ORIGIN = 'log.example/lied-to';
const OTHER_TREE = leafHash(utf8('another tree'));

/** Cosigns whatever it is asked to, until it is told to lie. */
class Liar {
  readonly key;
  url = '';
  answer: 'honest' | 'another tree' | 'refuses' = 'honest';
  /** What it shows of the log to anyone who looks. */
  shown: Uint8Array | undefined;
  /** What it has cosigned last. */
  last: Checkpoint | undefined;
  /** The proof that it refused, with both heads. */
  refused: { readonly old: Checkpoint; readonly young: Checkpoint; readonly proof: readonly Hash[] } | undefined;

  constructor(name: string, seed: number) {
    this.key = keyOf(name, COSIGNATURE_ED25519, seed);
  }

  async open(): Promise<this> {
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const asked = request.method === 'POST' ? this.#cosign(Buffer.concat(chunks)) : this.shown;
      response.writeHead(asked === 'refused' ? 422 : asked ? 200 : 404).end(asked);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    server.unref();
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return this;
  }

  #cosign(body: Uint8Array): string {
    const { old, proof, note } = parseAddCheckpoint(new Uint8Array(body));
    const { text } = parseNote(note);
    const checkpoint = parseCheckpoint(text);
    if (this.answer === 'refuses' && old > 0) {
      this.refused = { old: this.last as Checkpoint, young: checkpoint, proof };
      return 'refused';
    }
    if (this.answer === 'honest') this.last = checkpoint;
    const signed = this.answer === 'another tree' ? formatCheckpoint({ ...checkpoint, root: OTHER_TREE }) : text;
    const signatures = [lineBy(this.key, signed, Math.floor(Date.now() / 1000))];
    return formatNote({ text, signatures }).slice(text.length + 1);
  }
}

const data = join(folder(), 'log');
await run('init', '--data', data, '--origin', ORIGIN, '--entries', 'opaque');
const witness = join(folder(), 'witness');
await run('witness', 'init', '--data', witness, '--name', 'good.example');
await run('witness', 'add-log', '--data', witness, join(data, 'log.vkey'));
const good = await serveWitness(witness);
const forger = await new Liar('forger.example', 31).open();
const denier = await new Liar('denier.example', 32).open();
const policy = join(folder(), 'policy');
const lines = [
  `witness good ${good.vkeys[0]} ${good.url}`,
  `witness forger ${formatVkey(forger.key.vkey)} ${forger.url}`,
  `witness denier ${formatVkey(denier.key.vkey)} ${denier.url}`,
  'group enough 2 good forger denier',
  'quorum enough\n',
];
writeFileSync(policy, lines.join('\n'));

let log: Server;
const start = async () => {
  log = await serve(data, '--policy', policy);
};

type Health = {
  readonly status: string;
  readonly problem?: string;
  readonly witnesses?: { readonly quorum: boolean; readonly each: readonly { name: string; trouble?: string }[] };
};
const health = async () => (await (await fetch(`${log.url}/healthz`)).json()) as Health;

/** The published checkpoint, and who has cosigned it. */
async function published(): Promise<{ size: number; by: string[] }> {
  const note = new Uint8Array(await (await fetch(`${log.url}/checkpoint`)).arrayBuffer());
  const keys = [...log.vkeys, good.vkeys[0] as string].map(parseVkey);
  const { checkpoint, signed } = openCheckpoint(note, [...keys, forger.key.vkey, denier.key.vkey]);
  const names = new Set(signed.map(({ vkey }) => vkey.name).filter((name) => name !== ORIGIN));
  return { size: checkpoint.size, by: [...names].map((name) => name.split('.')[0] as string).sort() };
}

test('before: all three cosign, and two would be enough', async () => {
  await start();
  await submit(log, 2);
  assert.equal((await until(published, ({ size, by }) => size === 2 && by.length === 3)).by, [
    'denier',
    'forger',
    'good',
  ]);
});

test('a cosignature over another tree counts for nothing, and neither does a refusal: nothing is published, and why is told', async () => {
  forger.answer = 'another tree';
  denier.answer = 'refuses';
  await submit(log, 1);
  const { witnesses } = await until(health, ({ witnesses: all }) => all?.quorum === false);
  const trouble = (name: string) => witnesses?.each.find((one) => one.name === name)?.trouble;
  assert.is(trouble('good'), undefined);
  assert.match(trouble('forger') ?? '', /its cosignature of size 3 is no good: .* does not verify/);
  assert.is(trouble('denier'), 'it refuses a good proof from size 2 to 3');
  assert.equal(await published(), { size: 2, by: ['denier', 'forger', 'good'] });
  await says(log, /the witness forger does not cosign: its cosignature of size 3 is no good/);
  await says(log, /no quorum of witnesses: .*no cosignature by forger; no cosignature by denier/);
});

test('a 422 to a proof that is right is an alarm, and stops nothing as long as it is a claim', async () => {
  const { old, young, proof } = denier.refused as NonNullable<typeof denier.refused>;
  verifyConsistency(old.size, young.size, old.root, young.root, proof);
  await says(
    log,
    /ALARM: the witness denier says of this log: it refuses a good proof from size 2 to 3\. It proves nothing/,
  );
  assert.is((await health()).status, 'degraded');
  await submit(log, 1); // is taken in
  // A start asks them all again; whoever cosigns counts again.
  await log.end('SIGTERM');
  forger.answer = 'honest';
  denier.answer = 'honest';
  await start();
  await until(published, ({ size, by }) => size === 4 && by.length === 3);
  assert.is((await health()).status, 'ok');
});

test("the same with a tree that the log's own key has signed is a fork, and freezes the log", async () => {
  denier.answer = 'refuses';
  denier.shown = forgedNote(data, { size: 3, root: OTHER_TREE }, ORIGIN);
  await submit(log, 1);
  const { status, problem } = await until(health, (said) => said.status === 'unhealthy');
  assert.is(status, 'unhealthy');
  assert.match(problem ?? '', /the witness denier shows a checkpoint of size 3 .*: two histories were signed/);
  assert.is((await fetch(`${log.url}/add`, { method: 'POST', body: 'late' })).status, 503);
  assert.is((await fetch(`${log.url}/checkpoint`)).status, 200, 'reads go on');
  for (const server of [log, good]) assert.is(await server.end('SIGTERM'), 0, server.stderr());
});

test.run();
