import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
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
import { memorySpool, refusedPath } from '../../src/client/spool.ts';
import { trustInKeys } from '../../src/client/trust.ts';
import { toHex } from '../../src/core/bytes.ts';
import { encode } from '../../src/core/cbor.ts';
import { decodeStatement, entryIdOf } from '../../src/core/cose.ts';
import { COSIGNATURE_ED25519, NOTE_ED25519, vkeyOf } from '../../src/core/note.ts';
import { signerOf } from '../../src/core/signature.ts';
import { faults, faultsLater, sameBytes } from '../check.ts';
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
function twisted(name: string, twist: Twist, trust = party.trust, naps: number[] = []): { log: Log; asked: string[] } {
  const asked: string[] = [];
  const through: Fetch = async (url, init) => {
    const path = url.slice(`https://${name}`.length);
    const method = init?.method ?? 'GET';
    asked.push(`${method} ${path.replace(/[A-Za-z0-9_-]{43}/, 'ID')}`);
    const answer = twist(path, method);
    if (answer instanceof Error) throw answer;
    return answer ?? fetch(`${party.url}${path}`, init);
  };
  return {
    log: new Log({ url: `https://${name}`, trust, fetch: through, sleep: async (s) => void naps.push(s) }),
    asked,
  };
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

test('without a log, and without a name, there is nothing to ask: that is a Fault', async () => {
  assert.match(faults('bad-request', () => submitter({ logs: [] })).message, /name one in `logs`/);
  const nameless = {} as { index: number };
  assert.match((await faultsLater('bad-request', () => party.log.proof(nameless))).message, /its entryId: give one/);
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
  assert.equal(a.asked, ['GET /checkpoint']);
  assert.equal(b.asked, ['GET /checkpoint', 'POST /entries']);
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
  const server = createServer(async (request, response) => {
    if (request.method === 'GET') return response.end(await (await fetch(party.url + request.url)).text());
    posts.push(`${request.method} ${request.url}`);
    return request.resume().on('end', () => response.writeHead(307, { location: 'http://127.0.0.1:1/entries' }).end());
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
  assert.equal(a.asked, ['GET /checkpoint', 'GET /checkpoint']);
  assert.equal(b.asked, ['GET /checkpoint', 'POST /entries']);
});

test('what took a statement is told to the one who keeps its proof', async () => {
  const [a, b] = [twisted('a', () => refused), twisted('b', () => undefined)];
  const took: Log[] = [];
  await submitter({ logs: [a.log, b.log], keep: (_, __, log) => void took.push(log) }).made.submit(party.statement());
  assert.equal(took, [b.log]);
});

test('a log that answered and says that it does not have it is left for the next', async () => {
  const a = twisted('a', first(new Response('', { status: 500 })));
  const b = twisted('b', () => undefined);
  await submitter({ logs: [a.log, b.log] }).made.submit(party.statement());
  assert.equal(a.asked, ['GET /checkpoint', 'POST /entries', 'GET /entries/ID']);
  assert.equal(b.asked, ['GET /checkpoint', 'POST /entries']);
});

test('a busy log is left for the next at once, and asked again only when all of them are busy', async () => {
  for (const isSilent of [false, true]) {
    const a = twisted('a', (path, method) =>
      method === 'POST' || (isSilent && path !== '/checkpoint') ? busy(10) : undefined,
    );
    const b = twisted('b', () => undefined);
    const { made, waits } = submitter({ logs: [a.log, b.log] });
    await made.submit(party.statement());
    assert.equal(a.asked, ['GET /checkpoint', 'POST /entries', 'GET /entries/ID']);
    assert.equal([b.asked.length, waits], [2, []]);
  }
  const both = ['a', 'b'].map((name) => twisted(name, first(busy(10))));
  const { made, waits } = submitter({ logs: both.map(({ log }) => log) });
  await made.submit(party.statement());
  assert.equal(waits, [10]);
});

test('patience bounds all waiting: a busy log is not asked again beyond it', async () => {
  const naps: number[] = [];
  const { asked, log } = twisted('a', (_, method) => (method === 'POST' ? busy(2) : undefined), party.trust, naps);
  const { made, waits } = submitter({ logs: [log], patience: 1 });
  await faultsLater('pool-full', () => made.submit(party.statement()));
  assert.equal([waits, naps], [[], []]);
  assert.equal(asked, ['GET /checkpoint', 'POST /entries', 'GET /entries/ID']);
});

test('a log that was busy may have it from before, and a frozen one may have it whatever it says', async () => {
  const frozen = () =>
    new Response(
      encode(
        new Map<number, string | number>([
          [-1, 'Frozen'],
          [-2, 'its guard'],
          [-4, 503],
        ]),
      ) as BodyInit,
      {
        status: 503,
        headers: { 'content-type': 'application/concise-problem-details+cbor', 'retry-after': '60' },
      },
    );
  for (const answers of [[cut, busy(1)], [frozen()]]) {
    let down = true;
    const a = twisted('a', (path, method) => {
      if (path === '/checkpoint' || !down) return undefined;
      return method === 'POST' ? (answers.shift() ?? busy(1)) : busy(1);
    });
    const b = twisted('b', () => undefined);
    const { made, waits } = submitter({ logs: [a.log, b.log], patience: 200 });
    await faultsLater('pool-full', () => made.submit(party.statement()));
    down = false;
    assert.equal(b.asked, []);
    assert.ok(waits.length > 2);
  }
});

test('what a log took goes to no other, though it is gone before its proof is there or is kept', async () => {
  for (const moment of ['before the proof', 'while it is kept'] as const) {
    let posted = false;
    const a = twisted('a', (_, method) => {
      if (method !== 'POST') return posted ? refused : undefined;
      posted = true;
      const late = new Response('', { status: 202, headers: { location: `https://a/entries/${'x'.repeat(43)}` } });
      return moment === 'before the proof' ? late : undefined;
    });
    const b = twisted('b', () => undefined);
    const spool = memorySpool();
    const keep = async (_: unknown, __: string, log: Log) => void (await log.proof({ index: 0 }));
    const { made } = submitter({ logs: [a.log, b.log], spool, keep, patience: 5 });
    try {
      await made.submit(party.statement());
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, /cannot reach/, moment);
    }
    assert.equal(b.asked, [], moment);
    assert.equal(
      (await waiting(spool)).map(({ sentTo }) => sentTo),
      ['https://a'],
    );
  }
});

test('a log that is not the one that is pinned gets nothing', async () => {
  const vkey = vkeyOf('other', NOTE_ED25519, signerOf('ed25519', new Uint8Array(32).fill(8)).key);
  const wrong = twisted('a', () => undefined, trustInKeys([vkey]));
  const spool = memorySpool();
  const { made } = submitter({ logs: [wrong.log, party.log], spool });
  const fault = await faultsLater('unknown-signer', () => made.submit(party.statement()));
  assert.match(fault.message, /https:\/\/a is not the log that is pinned for it, so nothing was sent to it/);
  assert.equal(wrong.asked, ['GET /checkpoint']);
  assert.equal(
    (await waiting(spool)).map(({ sentTo }) => sentTo),
    [undefined],
  );
  const right = twisted('c', () => undefined);
  const twice = submitter({ logs: [right.log] });
  for (let i = 0; i < 2; i++) await twice.made.submit(party.statement());
  assert.equal(right.asked, ['GET /checkpoint', 'POST /entries', 'POST /entries'], 'it is asked who it is once');
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

test('after a crash no other log gets it, until the log that may have it is named, where it is now', async () => {
  const spool = fileSpool(join(folder(), 'spool'));
  const statement = party.statement();
  const a = twisted('a', first(cut));
  await faultsLater('request-timeout', () => submitter({ logs: [a.log], spool, patience: 0 }).made.submit(statement));
  const strange = signerOf('ed25519', new Uint8Array(32).fill(9));
  const other = trustInKeys([vkeyOf('log.example/other', NOTE_ED25519, strange.key)]);
  const b = twisted('b', () => undefined, other);
  for await (const one of submitter({ logs: [b.log], spool }).made.resume()) {
    assert.ok('fault' in one);
    assert.match(one.fault.message, /https:\/\/a \(\S+\) may have this statement from before.*name that log too/);
  }
  assert.equal(b.asked, []);
  const moved = twisted('moved', () => undefined);
  for await (const one of submitter({ logs: [b.log, moved.log], spool }).made.resume()) assert.ok('logged' in one);
  assert.equal([b.asked, await waiting(spool)], [[], []]);
});

test('after a crash the log that may have it is asked first', async () => {
  const spool = fileSpool(join(folder(), 'spool'));
  const statement = party.statement();
  await spool.put(idOf(statement), { statement, note: 'n', sentTo: 'https://b' });
  const [a, b] = [twisted('a', () => undefined), twisted('b', first(refused, refused))];
  const { made, kept } = submitter({ logs: [a.log, b.log], spool });
  for await (const one of made.resume()) assert.ok('logged' in one);
  assert.equal(a.asked, []);
  assert.equal(b.asked, ['GET /checkpoint', 'POST /entries', 'POST /entries', 'POST /entries']);
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
    fetch: async (url, init) => {
      if (init?.method !== 'POST') return fetch(`${party.url}${url.slice('https://a'.length)}`, init);
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

test('a refusal is final: what was refused is set aside to be looked at, and not sent again', async () => {
  const place = join(folder(), 'spool');
  const spool = fileSpool(place);
  const { made, waits } = submitter({ logs: [party.log], spool });
  const statement = Uint8Array.from(party.statement());
  statement[statement.length - 1] = (statement[statement.length - 1] as number) ^ 1;
  await faultsLater('refused', () => made.submit(statement, 'n'));
  assert.equal(waits, []);
  assert.equal(await waiting(spool), []);
  const kept = refusedPath(place, idOf(statement));
  assert.equal(readdirSync(place), [basename(kept)]);
  const { refused, note } = JSON.parse(readFileSync(kept, 'utf8')) as Record<string, string>;
  assert.match(`${refused} ${note}`, /signature.* n$/);
  // Renamed, it waits again.
  renameSync(kept, join(place, `${idOf(statement)}.spooled.json`));
  let tried = 0;
  for await (const one of made.resume()) tried += 'fault' in one && one.fault.code === 'refused' ? 1 : 0;
  for await (const _ of made.resume()) tried++;
  assert.is(tried, 1);
});

test('what was refused once and is proven later is not kept as refused', async () => {
  const place = join(folder(), 'spool');
  const statement = party.statement();
  const spool = fileSpool(place);
  const { log } = twisted('a', first(new Response('not enrolled yet', { status: 422 })));
  const { made } = submitter({ logs: [log], spool });
  await faultsLater('refused', () => made.submit(statement));
  assert.equal(readdirSync(place), [basename(refusedPath(place, idOf(statement)))]);
  await made.submit(statement);
  assert.equal(readdirSync(place), []);
});

test('a log that refuses a statement is not the only one that is asked for it later', async () => {
  const spool = fileSpool(join(folder(), 'spool'));
  let down = true;
  const a = twisted('a', () => (down ? refused : undefined));
  let has = () => new Response('', { status: 404 });
  const b = twisted('b', (path, method) => {
    if (path === '/checkpoint') return undefined;
    return method === 'POST' ? new Response('its key is not enrolled', { status: 422 }) : has();
  });
  const { made, kept } = submitter({ logs: [a.log, b.log], spool });
  await faultsLater('refused', () => made.submit(party.statement(), 'n'));
  down = false;
  for await (const one of made.resume()) assert.ok('logged' in one);
  assert.equal(kept, ['n']);

  has = () => new Response(null, { status: 204 });
  const statement = party.statement();
  await spool.put(idOf(statement), { statement, note: '', sentTo: 'https://b' });
  for await (const one of made.resume()) assert.is('fault' in one && one.fault.code, 'refused');
  const origin = party.trust.policy.logs[0]?.vkey.name;
  assert.equal(
    await waiting(spool),
    [{ statement, note: '', sentTo: 'https://b', origin }],
    'b may have it from before',
  );
  has = () => new Response('', { status: 404 });
  for await (const one of made.resume()) assert.is('fault' in one && one.fault.code, 'refused');
  assert.equal(await waiting(spool), [], 'b says that it has not');
});

test('it waits for witnesses, and takes nothing that its quorum has not seen', async () => {
  const vkey = vkeyOf('w', COSIGNATURE_ED25519, signerOf('ed25519', new Uint8Array(32).fill(8)).key);
  const policy = { ...party.trust.policy, witnesses: [{ name: 'w', vkey }], quorum: 'w' };
  const { log } = twisted('a', () => undefined, { policy });
  const { made, waits } = submitter({ logs: [log], patience: 20 });
  await faultsLater('no-quorum', () => made.submit(party.statement()));
  assert.ok(waits.length > 3);
  const digest = `sha256:${toHex(sha256(party.artifact))}`;
  assert.is((await party.log.verdict(digest)).verdict, 'valid');
  await faultsLater('no-quorum', () => log.verdict(digest));
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
