import { readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '#sha256';
import {
  type Fetch,
  fileSpool,
  Log,
  type Resumed,
  type Spool,
  Submitter,
  type SubmitterParts,
} from '../../src/client/client.ts';
import { memorySpool } from '../../src/client/spool.ts';
import { toHex } from '../../src/core/bytes.ts';
import { decodeStatement, entryIdOf } from '../../src/core/cose.ts';
import { COSIGNATURE_ED25519, vkeyOf } from '../../src/core/note.ts';
import { signerOf } from '../../src/core/signature.ts';
import { faultsLater, sameBytes } from '../check.ts';
import { folder } from '../folder.ts';
import { Party } from './party.ts';

// Statements get into a log through everything that can go wrong on the way, and never into two.

const party = await Party.meet();

/** What a log did to a request: passes it on, or answers something of its own. */
type Twist = (path: string, method: string) => Response | Error | undefined;

const refused = Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } });
const cut = Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } });
const busy = (seconds: number) => new Response('full', { status: 503, headers: { 'retry-after': String(seconds) } });

/** The log under another URL, with twists in front of it; `asked` has every request that it got. */
function twisted(name: string, twist: Twist, trust = party.trust): { log: Log; asked: string[] } {
  const asked: string[] = [];
  const through: Fetch = async (url, init) => {
    const path = url.slice(`https://${name}`.length);
    const method = init?.method ?? 'GET';
    asked.push(`${method} ${path.replace(/[A-Za-z0-9_-]{43}/, 'ID')}`);
    const answer = twist(path, method);
    if (answer instanceof Error) throw answer;
    return answer ?? fetch(`${party.url}${path}`, init);
  };
  return { log: new Log({ url: `https://${name}`, trust, fetch: through, sleep: async () => {} }), asked };
}

/** Answers once each, then passes on. */
function first(...answers: (Response | Error)[]): Twist {
  return (_, method) => (method === 'POST' ? answers.shift() : undefined);
}

/** A submitter whose waits are counted and take no time. */
function submitter(parts: Pick<SubmitterParts, 'logs'> & Partial<SubmitterParts>) {
  let now = 0;
  const waits: number[] = [];
  const kept: string[] = [];
  const made = new Submitter({
    keep: (_, note) => void kept.push(note),
    clock: () => new Date(1000 * now),
    sleep: async (seconds) => {
      waits.push(seconds);
      now += seconds;
    },
    random: () => 0.5,
    ...parts,
  });
  return { made, waits, kept };
}

const waiting = async (spool: Spool) => [...(await spool.all()).values()];
const idOf = (statement: Uint8Array) => entryIdOf(decodeStatement(statement).id);

test('a statement is proven, kept, and gone from the spool', async () => {
  const spool = fileSpool(join(folder(), 'spool'));
  const { made, kept, waits } = submitter({ logs: [party.log], spool });
  const statement = party.statement();
  const { verified } = await made.submit(statement, 'a note');
  sameBytes(verified.entry, statement);
  assert.equal(kept, ['a note']);
  assert.equal(await waiting(spool), []);
  assert.equal(waits, []);
  assert.is((await made.submit(statement)).verified.index, verified.index, 'sent again it is the same entry');
});

test('the back-off doubles with jitter, and is never shorter than the log asks', async () => {
  const fail = () => new Response('', { status: 502 });
  const { log } = twisted('a', first(fail(), fail(), fail(), fail()));
  const { made, waits } = submitter({ logs: [log] });
  await made.submit(party.statement());
  assert.equal(waits, [0.5, 1, 2, 4]);
  const full = twisted('b', first(busy(30), busy(30)));
  const second = submitter({ logs: [full.log] });
  await second.made.submit(party.statement());
  assert.equal(second.waits, [30, 30]);
});

test('a log that is down for an hour loses nothing: patience ends, the spool has it, and later it is proven', async () => {
  const spool = fileSpool(join(folder(), 'spool'));
  let down = true;
  const { log } = twisted('a', () => (down ? refused : undefined));
  const { made, waits, kept } = submitter({ logs: [log], spool, patience: 3600 });
  const statement = party.statement();
  await faultsLater('request-timeout', () => made.submit(statement, 'app'));
  const waited = waits.reduce((sum, wait) => sum + wait, 0);
  assert.ok(waited > 3500 && waited <= 3600, `${waited} s`);
  assert.is(Math.max(...waits), 30, 'half of the longest wait');
  down = false;
  const after = submitter({ logs: [log], spool, keep: (_, note) => void kept.push(note) });
  const all: Resumed[] = [];
  for await (const one of after.made.resume()) all.push(one);
  assert.is(all.length, 1);
  assert.equal(kept, ['app']);
  sameBytes(
    'logged' in (all[0] as Resumed)
      ? (all[0] as { logged: { verified: { entry: Uint8Array } } }).logged.verified.entry
      : undefined,
    statement,
  );
  assert.equal(await waiting(spool), []);
});

test('logs are tried in turn, at once, when the one before was never connected to', async () => {
  const a = twisted('a', () => refused);
  const b = twisted('b', () => undefined);
  const { made, waits } = submitter({ logs: [a.log, b.log] });
  await made.submit(party.statement());
  assert.equal(a.asked, ['POST /entries']);
  assert.equal(b.asked, ['POST /entries']);
  assert.equal(waits, []);
});

test('a URL that nothing is sent to, as it cannot be one or fetch blocks its port, is passed over for the next log', async () => {
  const urls = [
    'http://127.0.0.1:6000',
    'ftp://127.0.0.1',
    'log.example',
    'http://127.0.0.1:99999',
    'http://a:b@127.0.0.1',
  ];
  for (const url of urls) {
    const spool = fileSpool(join(folder(), 'spool'));
    const nowhere = new Log({ url, trust: party.trust });
    const { made, waits } = submitter({ logs: [nowhere, party.log], spool });
    await made.submit(party.statement());
    assert.equal(waits, [], url);
    await faultsLater('request-timeout', () =>
      submitter({ logs: [nowhere], spool, patience: 0 }).made.submit(party.statement()),
    );
    assert.equal(
      (await waiting(spool)).map(({ sentTo }) => sentTo),
      [undefined],
      url,
    );
  }
});

test('a log that timed out may have it, though its URL is one that only its own fetch can send to', async () => {
  for (const url of ['http://a:b@127.0.0.1', 'log.example']) {
    let posts = 0;
    const through: Fetch = async (asked, init) => {
      const answer = await fetch(`${party.url}${asked.slice(url.length)}`, init);
      if (init?.method === 'POST' && posts++ === 0) throw new DOMException('timed out', 'TimeoutError');
      return answer;
    };
    const own = new Log({ url, trust: party.trust, fetch: through });
    const b = twisted('b', () => undefined);
    await submitter({ logs: [own, b.log] }).made.submit(party.statement());
    assert.equal([posts, b.asked], [2, []], url);
  }
});

test('a log that redirects what is sent to it may have it: it is not sent on, and no other log gets it', async () => {
  const posts: string[] = [];
  // A port that is blocked: whoever followed the redirect would say that nothing was connected to.
  const server = createServer((request, response) => {
    posts.push(`${request.method} ${request.url}`);
    request.resume().on('end', () => response.writeHead(307, { location: 'http://127.0.0.1:1/entries' }).end());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const moved = new Log({ url: `http://127.0.0.1:${port}`, trust: party.trust });
  const [b, spool] = [twisted('b', () => undefined), memorySpool()];
  const { made } = submitter({ logs: [moved, b.log], spool, patience: 0 });
  const fault = await faultsLater('request-timeout', () => made.submit(party.statement()));
  server.close();
  assert.match(fault.message, /redirect/);
  assert.equal([posts, b.asked], [['POST /entries'], []]);
  assert.equal(
    (await waiting(spool)).map(({ sentTo }) => sentTo),
    [moved.url],
  );
});

test('a statement that no log was reached with is not bound to one of them when it is resumed', async () => {
  const spool = fileSpool(join(folder(), 'spool'));
  const a = twisted('a', () => refused);
  await faultsLater('request-timeout', () =>
    submitter({ logs: [a.log], spool, patience: 0 }).made.submit(party.statement()),
  );
  const b = twisted('b', () => undefined);
  for await (const one of submitter({ logs: [a.log, b.log], spool }).made.resume()) assert.ok('logged' in one);
  assert.equal(a.asked, ['POST /entries', 'POST /entries']);
  assert.equal(b.asked, ['POST /entries']);
});

test('what took a statement is told to the one who keeps its proof', async () => {
  const [a, b] = [twisted('a', () => refused), twisted('b', () => undefined)];
  const took: Log[] = [];
  await submitter({ logs: [a.log, b.log], keep: (_, __, log) => void took.push(log) }).made.submit(party.statement());
  assert.equal(took, [b.log]);
});

test('a log that answered and says that it does not have it is left for the next', async () => {
  const nothing = () => new Response('', { status: 404 });
  const a = twisted('a', (_, method) => (method === 'POST' ? new Response('', { status: 500 }) : nothing()));
  const b = twisted('b', () => undefined);
  await submitter({ logs: [a.log, b.log] }).made.submit(party.statement());
  assert.equal(a.asked, ['POST /entries', 'GET /entries/ID']);
  assert.equal(b.asked, ['POST /entries']);
});

test('a log that may have it keeps it: no other gets it, however long that takes', async () => {
  // The answer is lost on the way, but the log has taken the statement.
  let lost = 3;
  const a = twisted('a', (path, method) => {
    if (method !== 'POST' || lost-- <= 0) return undefined;
    void path;
    return lost === 1 ? refused : cut;
  });
  const b = twisted('b', () => undefined);
  const { made, waits } = submitter({ logs: [a.log, b.log] });
  await made.submit(party.statement());
  assert.equal(b.asked, [], 'not even while a cannot be connected to');
  assert.is(a.asked.filter((one) => one === 'POST /entries').length, 4);
  assert.is(waits.length, 3);
});

test('after a crash the log that may have it is asked first', async () => {
  const spool = fileSpool(join(folder(), 'spool'));
  const statement = party.statement();
  await spool.put(idOf(statement), { statement, note: 'n', sentTo: 'https://b' });
  const [a, b] = [twisted('a', () => undefined), twisted('b', first(refused, refused))];
  const { made, kept } = submitter({ logs: [a.log, b.log], spool });
  for await (const one of made.resume()) assert.ok('logged' in one);
  assert.equal(a.asked, []);
  assert.is(b.asked.length, 3);
  assert.equal(kept, ['n']);
});

test('where it was sent is on disk before it is sent, and spooling it again does not forget that', async () => {
  const directory = join(folder(), 'spool');
  const spool = fileSpool(directory);
  const statement = party.statement();
  let before: (string | undefined)[] = [];
  const read = async () => (await waiting(fileSpool(directory))).map(({ sentTo }) => sentTo);
  const log = new Log({
    url: 'https://a',
    trust: party.trust,
    fetch: async () => {
      before = await read();
      throw cut;
    },
  });
  const { made } = submitter({ logs: [log], spool, patience: 0 });
  await faultsLater('request-timeout', () => made.submit(statement));
  assert.equal(before, ['https://a']);
  await made.spool(statement, 'again');
  assert.equal(await read(), ['https://a']);
});

test('a refusal is final, and what was refused stays in the spool to be looked at', async () => {
  const spool = fileSpool(join(folder(), 'spool'));
  const { made, waits } = submitter({ logs: [party.log], spool });
  const statement = Uint8Array.from(party.statement());
  statement[statement.length - 1] = (statement[statement.length - 1] as number) ^ 1;
  await faultsLater('refused', () => made.submit(statement));
  assert.equal(waits, []);
  assert.is((await waiting(spool)).length, 1);
  for await (const one of made.resume()) assert.is('fault' in one && one.fault.code, 'refused');
});

test('a log that refuses a statement is not the only one that is asked for it later', async () => {
  const spool = fileSpool(join(folder(), 'spool'));
  let down = true;
  const a = twisted('a', () => (down ? refused : undefined));
  const b = twisted('b', () => new Response('its key is not enrolled', { status: 422 }));
  const { made, kept } = submitter({ logs: [a.log, b.log], spool });
  await faultsLater('refused', () => made.submit(party.statement(), 'n'));
  down = false;
  for await (const one of made.resume()) assert.ok('logged' in one);
  assert.equal(kept, ['n']);

  const statement = party.statement();
  await spool.put(idOf(statement), { statement, note: '', sentTo: 'https://b' });
  for await (const one of made.resume()) assert.is('fault' in one && one.fault.code, 'refused');
  assert.equal(await waiting(spool), [{ statement, note: '', sentTo: 'https://b' }], 'b may have it from before');
});

test('it waits for witnesses, and takes nothing that its quorum has not seen', async () => {
  const vkey = vkeyOf('w', COSIGNATURE_ED25519, signerOf('ed25519', new Uint8Array(32).fill(8)).key);
  const policy = { ...party.trust.policy, witnesses: [{ name: 'w', vkey }], quorum: 'w' };
  const { log } = twisted('a', () => undefined, { policy });
  const { made, waits } = submitter({ logs: [log], patience: 20 });
  const fault = await faultsLater('bad-proof', () => made.submit(party.statement()));
  assert.is(fault.rule, 'quorum');
  assert.ok(waits.length > 3);
  const digest = `sha256:${toHex(sha256(party.artifact))}`;
  assert.is((await party.log.verdict(digest)).verdict, 'valid');
  assert.is((await faultsLater('bad-proof', () => log.verdict(digest))).rule, 'quorum');
});

test('proofs that are not kept leave the statement in the spool', async () => {
  const spool = fileSpool(join(folder(), 'spool'));
  const keep = () => {
    throw new Error('the disk is full');
  };
  const { made } = submitter({ logs: [party.log], spool, keep });
  try {
    await made.submit(party.statement());
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, 'the disk is full');
  }
  assert.is((await waiting(spool)).length, 1);
});

test('a folder that is not there is an empty spool; a file in it that is none is named', async () => {
  const directory = folder();
  assert.is((await fileSpool(join(directory, 'none')).all()).size, 0);
  writeFileSync(join(directory, 'other.txt'), 'something else');
  const spool = fileSpool(directory);
  await spool.put('x', { statement: new Uint8Array(3), note: '' });
  assert.equal(readdirSync(directory).sort(), ['other.txt', 'x.spooled.json']);
  for (const content of ['', '{}', '{"statement":1,"note":""}', '{"statement":"?","note":""}']) {
    writeFileSync(join(directory, 'y.spooled.json'), content);
    assert.match((await faultsLater('bad-request', () => spool.all())).message, /y\.spooled\.json/);
  }
});

test.after(() => party.end());
test.run();
