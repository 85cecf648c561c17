import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8 } from '../../src/core/bytes.ts';
import { openCheckpoint } from '../../src/core/cosignature.ts';
import { formatNote, formatVkey, parseNote, parseVkey } from '../../src/core/note.ts';
import { evaluate, explain } from '../../src/core/quorum.ts';
import { parsePolicy, policyKeys } from '../../src/core/tlogpolicy.ts';
import { type Outcome, Witnesses } from '../../src/log/cosign.ts';
import { folder } from '../folder.ts';
import { LOG_KEYS, noteOf, ORIGIN, requestOf, STRANGER } from '../witness/testlog.ts';
import { post, roundOf, submit } from './cosigning.ts';
import { limmat, type Ran, type Server, serve, serveWitness } from './server.ts';
import { says } from './until.ts';

// Witnesses and logs as people run them: commands, files, sockets.

function ok({ code, stdout, stderr }: Ran): string {
  assert.is(code, 0, stderr);
  return stdout;
}

/** A new witness that knows the logs of these sources. */
async function witness(name: string, ...sources: string[]): Promise<string> {
  const data = join(folder(), 'witness');
  ok(await limmat('witness', 'init', '--data', data, '--name', name));
  if (sources.length > 0) ok(await limmat('witness', 'add-log', '--data', data, ...sources));
  return data;
}

/** The vkeys of the log of the tests, in a file. */
function logFile(): string {
  const path = join(folder(), 'log.vkey');
  writeFileSync(path, LOG_KEYS.map(({ vkey }) => `${formatVkey(vkey)}\n`).join(''));
  return path;
}

const add = (url: string, body: Uint8Array) =>
  fetch(`${url}/add-checkpoint`, { method: 'POST', body: body as BodyInit });
const monitorPath = (origin: string) => `${createHash('sha256').update(origin).digest('hex')}/checkpoint`;

test('init makes keys that only the owner can read, prints and writes the vkeys, and never overwrites', async () => {
  const data = join(folder(), 'witness');
  const { name, vkeys } = JSON.parse(
    ok(await limmat('witness', 'init', '--data', data, '--name', 'w.example', '--json')),
  );
  assert.is(name, 'w.example');
  assert.is(statSync(join(data, 'seed')).mode & 0o777, 0o600);
  assert.is(statSync(data).mode & 0o777, 0o700);
  assert.is(readFileSync(join(data, 'witness.vkey'), 'utf8'), vkeys.map((vkey: string) => `${vkey}\n`).join(''));
  assert.equal(
    vkeys.map((vkey: string) => parseVkey(vkey).type),
    [0x04, 0x06],
  );
  const seed = readFileSync(join(data, 'seed'));
  const again = await limmat('witness', 'init', '--data', data, '--name', 'w.example');
  assert.is(again.code, 2);
  assert.match(again.stderr, /never overwrites a witness/);
  assert.equal(readFileSync(join(data, 'seed')), seed);
  assert.is((await limmat('witness', 'init', '--data', `${data}2`, '--name', 'not a name')).code, 2);
  assert.is((await limmat('witness', 'init', '--data', `${data}2`)).code, 2);
});

test('add-log takes files of vkeys and logs/v0 lists from a file or a URL, all of them or none', async () => {
  const data = await witness('w.example');
  const list = `logs/v0\nvkey ${formatVkey(STRANGER.vkey)}\norigin ${ORIGIN}\nqpd 24\ncontact x\n`;
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/list' ? 200 : 404;
    response.end(list);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const addLog = (...args: string[]) => limmat('witness', 'add-log', '--data', data, '--json', ...args);
  const bad = join(folder(), 'bad');
  writeFileSync(bad, `logs/v0\nvkey ${formatVkey(LOG_KEYS[0].vkey)}\norigin w.example\nqpd 1\ncontact x\n`);
  assert.is((await addLog(logFile(), bad)).code, 2, 'a log with the name of the witness');
  assert.is((await addLog(`${url}/missing`)).code, 2);
  const added = JSON.parse(ok(await addLog(logFile(), `${url}/list`)));
  assert.is(added.added.length, 3, 'nothing was added before');
  assert.equal(JSON.parse(ok(await addLog(logFile()))), { added: [], knownBefore: 2 });
  server.close();
  const unanswered = await addLog(`${url}/list`);
  assert.equal([unanswered.code, /ECONNREFUSED/.test(unanswered.stderr)], [2, true], 'nobody answers, and why');
});

test('a running witness cosigns, takes up new logs, tells how it is, and goes on after a stop', async () => {
  const data = await witness('w.example');
  const server = await serveWitness(data);
  assert.is((await add(server.url, requestOf(0, 5))).status, 404);
  const nowhere = await fetch(`${server.url}/nothing`);
  assert.equal([nowhere.status, nowhere.headers.get('content-type')], [404, 'text/plain; charset=utf-8']);
  ok(await limmat('witness', 'add-log', '--data', data, logFile()));
  const lines = await (await add(server.url, requestOf(0, 5))).text();
  const { text } = parseNote(noteOf(5));
  const { signed } = openCheckpoint(utf8(`${text}\n${lines}`), server.vkeys.map(parseVkey));
  assert.is(signed.length, 2);
  assert.ok(signed.every(({ time = 0 }) => Math.abs(time - Date.now() / 1000) < 60));
  const conflict = await add(server.url, requestOf(0, 9));
  assert.equal([conflict.status, conflict.headers.get('content-type')], [409, 'text/x.tlog.size']);
  assert.is((await add(server.url, requestOf(5, 5, { fork: true }))).status, 422);
  assert.is((await add(server.url, new Uint8Array(200_000))).status, 413);
  assert.is(
    await (await fetch(`${server.url}/${monitorPath(ORIGIN)}`)).text(),
    new TextDecoder().decode(noteOf(5)) + lines,
  );
  const health = await (await fetch(`${server.url}/healthz`)).json();
  assert.equal(health, { status: 'ok', name: 'w.example', logs: 1 });
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  assert.match(metrics, new RegExp(`limmat_witness_size\\{origin="${ORIGIN}"\\} 5`));
  assert.match(metrics, /limmat_witness_evidence_total\{origin="[^"]+",kind="same-size"\} 1/);
  assert.match(metrics, /limmat_http_requests_total\{route="\/add-checkpoint",status="409"\} 1/);
  await says(server, /a log signed what it should not have/);
  assert.is((await add(server.url, requestOf(5, 9))).status, 200);
  assert.is(await server.end('SIGTERM'), 0, server.stderr());

  const out = join(folder(), 'evidence');
  const { evidence } = JSON.parse(ok(await limmat('witness', 'evidence', '--data', data, '--out', out, '--json')));
  assert.match(
    ok(await limmat('verify-evidence', evidence[0].file, '--vkey', logFile())),
    'signed two trees of size 5',
  );
  assert.is(evidence.length, 1);
  assert.is(evidence[0].offered, new TextDecoder().decode(noteOf(5, { fork: true })));
  assert.ok(evidence[0].cosigned.startsWith(new TextDecoder().decode(noteOf(5))));

  const again = await serveWitness(data, '--cosign', 'ed25519');
  assert.is((await add(again.url, requestOf(5, 12))).status, 409);
  const alone = await add(again.url, requestOf(9, 12));
  assert.is(alone.status, 200);
  assert.equal((await alone.text()).trim().split('\n').length, 1, 'one cosignature, as it was asked for');
  assert.equal(again.vkeys, server.vkeys.slice(0, 1));
  await again.end('SIGTERM');
});

test('of many at once only one history wins, over two processes on one state', async () => {
  const data = await witness('w.example', logFile());
  const servers = await Promise.all([serveWitness(data), serveWitness(data)]);
  const [one, two] = servers as [Server, Server];
  await add(one.url, requestOf(0, 5));
  const bodies = Array.from({ length: 18 }, (_, i) => requestOf(5, 6 + i));
  const answers = await Promise.all(bodies.map((body, i) => add((i % 2 === 0 ? one : two).url, body)));
  const statuses = answers.map(({ status }) => status);
  assert.is(statuses.filter((status) => status === 200).length, 1, String(statuses));
  assert.is(statuses.filter((status) => status === 409).length, 17, String(statuses));
  const size = 6 + statuses.indexOf(200);
  for (const answer of answers) if (answer.status === 409) assert.is(await answer.text(), `${size}\n`);
  // Whoever wins, the other tree is refused by both.
  const forks = await Promise.all(
    [false, true].flatMap((fork) => servers.map(({ url }) => add(url, requestOf(size, 40, { fork })))),
  );
  const accepted = forks.map(({ status }) => status);
  assert.ok(
    accepted.slice(2).every((status) => status === 409 || status === 422),
    String(accepted),
  );
  assert.is(accepted.slice(0, 2).filter((status) => status === 200).length, 1);
  for (const server of servers) assert.is(await server.end('SIGTERM'), 0);
});

test('a log of ours and three witnesses: a quorum by policy, one witness killed, a kill -9 healed', async () => {
  const logData = join(folder(), 'log');
  ok(await limmat('init', '--data', logData, '--origin', 'log.example/flow', '--entries', 'opaque'));
  const log = await serve(logData);
  const datas = await Promise.all([1, 2, 3].map((n) => witness(`w${n}.example`, join(logData, 'log.vkey'))));
  const servers = await Promise.all(datas.map((data) => serveWitness(data)));
  const policy = parsePolicy(
    utf8(
      [
        ...log.vkeys.map((vkey) => `log ${vkey} ${log.url}`),
        ...servers.flatMap(({ url, vkeys }, i) => [
          `witness w${i}-ed25519 ${vkeys[0]} ${url}`,
          `witness w${i}-mldsa44 ${vkeys[1]} ${url}`,
          `group w${i} all w${i}-ed25519 w${i}-mldsa44`,
        ]),
        'group enough 2 w0 w1 w2',
        'quorum enough\n',
      ].join('\n'),
    ),
  );
  const witnesses = new Witnesses({
    targets: policy.witnesses.map(({ name, vkey, url = '' }) => ({ name, vkey, url })),
    largest: 0,
    post,
    clock: () => new Date(),
    sleep: () => Promise.resolve(),
    random: Math.random,
  });
  const cosign = async () => {
    const round = await roundOf(log);
    const outcomes: Outcome[] = [];
    await witnesses.ask(round, (_, outcome) => outcomes.push(outcome));
    const { text, signatures } = parseNote(round.note);
    const lines = outcomes.flatMap((outcome) => (outcome.kind === 'cosigned' ? outcome.lines : []));
    const note = utf8(formatNote({ text, signatures: [...signatures, ...lines] }));
    const age = { now: Date.now() / 1000, max: 3600 };
    const verdict = evaluate(policy, openCheckpoint(note, policyKeys(policy)), age);
    return { verdict, kinds: outcomes.map(({ kind }) => kind).sort() };
  };
  await submit(log, 3);
  assert.is((await cosign()).verdict.counted.length, 6);
  await servers[0]?.end('SIGKILL');
  await submit(log, 300);
  const short = await cosign();
  assert.ok(short.verdict.met, explain(policy, short.verdict).join('\n'));
  assert.equal([short.kinds, short.verdict.missing.length], [['busy', 'cosigned', 'cosigned'], 2]);
  await servers[1]?.end('SIGKILL');
  await submit(log, 1);
  assert.not.ok((await cosign()).verdict.met, 'one of three is not enough');
  // A witness that was killed goes on from what was on its disk, and its monitors see the last that it cosigned.
  const back = await serveWitness(datas[0] as string);
  const kept = new Uint8Array(await (await fetch(`${back.url}/${monitorPath('log.example/flow')}`)).arrayBuffer());
  assert.is(openCheckpoint(kept, policyKeys(policy)).checkpoint.size, 3);
  for (const server of [log, servers[2] as Server, back]) assert.is(await server.end('SIGTERM'), 0, server.stderr());
});

test.run();
