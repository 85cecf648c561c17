import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mailChannel } from '../../src/cli/channels.ts';
import { LogClient } from '../../src/client/logclient.ts';
import { decodeStatement, entryIdOf } from '../../src/core/cose.ts';
import { alertOf } from '../../src/monitor/alert.ts';
import type { Alert } from '../../src/monitor/memory.ts';
import { folder } from '../folder.ts';
import { type BuiltLog, buildOf, builtLog, copyOf } from './builtlog.ts';
import { serveFiles } from './fileserver.ts';
import { hook, monitor, monitorPlace, once, rulesIn, statusIn } from './monitors.ts';
import { Mailbox, Webhook } from './receivers.ts';
import { limmat, type Server, serve } from './server.ts';

// How people hear of what a monitor finds, and what they may bring to it: webhooks, mail, receipts.

let built: BuiltLog;
test.before(async () => {
  built = await builtLog(9);
});

const SECRET = 'a secret that both of them know';
const NOBODY = 'http://127.0.0.1:9';

function secretFile(text: string): string {
  const path = join(folder(), 'secret');
  writeFileSync(path, text);
  return path;
}

test('a webhook gets each alert with an HMAC that it can check, and again until it takes it', async () => {
  const webhook = await Webhook.open();
  const place = monitorPlace({
    logs: [{ url: NOBODY, vkeys: built.vkey }],
    webhooks: [{ url: webhook.url, secret: secretFile(`${SECRET}\n`) }],
  });
  webhook.status = 500;
  const refused = await once(place);
  assert.is(refused.code, 3);
  assert.match(refused.stderr, 'it answers 500');
  webhook.status = 204;
  assert.is((await once(place)).code, 3);
  assert.is((await once(place)).code, 3);
  assert.is(webhook.got.length, 2, 'offered again, and told once');
  assert.equal(webhook.got[0]?.body, webhook.got[1]?.body);
  for (const { body, signature, type } of webhook.got) {
    assert.is(type, 'application/json');
    assert.is(signature, `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`);
    const { id, rule } = JSON.parse(body.toString()) as Alert;
    assert.equal([id, rule], [statusIn(refused).alerts[0]?.id, 'unreachable']);
  }
  const text = await limmat('monitor', 'status', '--config', place.config, '--data', place.data);
  assert.match(
    text.stdout,
    /^demo\.limmat\.example\/acme {2}nothing verified yet, 1 open alert\n\n[0-9a-f]{32} {2}health: /,
  );
  for (const [text, says] of [
    ['short\n', /shorter than 16 bytes/],
    [`\ufeff${'x'.repeat(32)}\n`, /begins with a byte order mark/],
    [`${'x'.repeat(15)}\r\n`, /shorter than 16 bytes/],
  ] as const) {
    writeFileSync(
      place.config,
      JSON.stringify({
        logs: [{ url: NOBODY, vkeys: built.vkey }],
        webhooks: [{ url: webhook.url, secret: secretFile(text) }],
      }),
    );
    const ran = await once(place);
    assert.is(ran.code, 4);
    assert.match(ran.stderr, says);
  }
});

test('mail: all alerts of a round in one, to everyone; one that is refused comes again', async () => {
  const box = await Mailbox.open();
  const smtp = join(folder(), 'smtp');
  writeFileSync(smtp, `${box.url}\n`);
  const place = monitorPlace({
    logs: [{ url: NOBODY, vkeys: built.vkey }],
    mail: { smtp, from: 'limmat@monitor.example', to: ['a@vendor.example', 'b@vendor.example'] },
  });
  box.refuse = true;
  const ran = await once(place);
  assert.match(ran.stderr, '550 not you');
  box.refuse = false;
  await once(place);
  await once(place);
  assert.is(box.got.length, 1);
  const [mail] = box.got;
  assert.equal([mail?.from, mail?.to], ['limmat@monitor.example', ['a@vendor.example', 'b@vendor.example']]);
  assert.match(mail?.text ?? '', /^Subject: \[limmat\] neither demo\.limmat\.example/m);
  assert.match(mail?.text ?? '', statusIn(ran).alerts[0]?.id as string);
  const tried = await monitor(place, 'test-alert');
  assert.is(tried.code, 0, tried.stderr);
  assert.is(box.got.length, 2);
});

test('what strangers wrote into an entry ends no line of a mail, and stops no hook', async () => {
  const box = await Mailbox.open();
  const finding = { kind: 'match', rule: 'r', subject: 's' } as const;
  const alert = alertOf('log.example/a', 'now', {
    ...finding,
    summary: 'a\r\nBcc: c@evil.example\r\n\0\u001b[2J\ud800é',
  });
  const more = Array.from({ length: 3 }, () => alert);
  await mailChannel({ smtp: box.url, from: 'm@x.example', to: ['a@x.example'] }).send(more);
  assert.equal(box.got[0]?.to, ['a@x.example']);
  assert.not.match(box.got[0]?.text ?? '', /^Bcc/m);
  assert.match(alert.summary, /^a\ufffd\ufffdBcc: c@evil\.example\ufffd+\[2J\ufffdé$/);
});

test('builds that nobody reviewed in time are told once, and acknowledged for good', async () => {
  const files = await serveFiles(built.copy);
  const logs = [{ url: files.url, vkeys: built.vkey }];
  const place = monitorPlace({ logs }, { reviewed: [{ organisation: 'acme' }] });
  const ran = await once(place);
  assert.is(ran.code, 1, ran.stdout + ran.stderr);
  assert.equal(
    statusIn(ran).alerts.map(({ rule, index }) => [rule, index]),
    [
      ['unreviewed', 7],
      ['unreviewed', 8],
    ],
  );
  for (const { id } of statusIn(ran).alerts) assert.is((await monitor(place, 'ack', id)).code, 0);
  assert.is((await once(place)).code, 0);
  const patient = monitorPlace({ logs }, { reviewed: [{ organisation: 'acme', days: 1 }] });
  assert.is((await once(patient)).code, 0);
  files.close();
});

/** A statement with its receipt, as anybody can have it who has submitted it. */
async function receiptOf(server: Server, statement: Uint8Array): Promise<string> {
  await new LogClient(server.url, fetch).submit(statement);
  const id = entryIdOf(decodeStatement(statement).id);
  const response = await fetch(`${server.url}/entries/${id}/transparent-statement`);
  assert.is(response.status, 200);
  const path = join(folder(), 'statement.cose');
  writeFileSync(path, new Uint8Array(await response.arrayBuffer()));
  return path;
}

test("receipts of customers are judged: of this history, too new to tell, of another, by nobody's key", async () => {
  const [log, other] = [copyOf(built), copyOf(built)];
  const server = await serve(log.data);
  const keys = join(log.root, 'keys.cbor');
  const set = await fetch(`${server.url}/.well-known/scitt-keys`);
  writeFileSync(keys, new Uint8Array(await set.arrayBuffer()));
  const alarm = hook(log.root);
  const logs = [{ url: server.url, vkeys: log.vkey, receiptKeys: keys }];
  const place = monitorPlace({ logs, hooks: [alarm.path] });
  const mine = await receiptOf(server, buildOf(log.world, 500));
  const early = await monitor(place, 'import-head', mine);
  assert.is(early.code, 3, 'nothing is verified yet');
  assert.is((await once(place)).code, 0);
  const good = await monitor(place, 'import-head', mine);
  assert.is(good.code, 0, good.stderr);
  // The same log from a copy of its data, as it might show it to one customer alone.
  const twin = await serve(other.data);
  const theirs = await receiptOf(twin, buildOf(log.world, 501));
  const bad = await monitor(place, 'import-head', mine, theirs);
  assert.is(bad.code, 2, bad.stdout + bad.stderr);
  assert.equal(
    alarm.lines().map(({ rule }) => rule),
    ['receipt'],
    'told at once',
  );
  assert.equal(rulesIn(await monitor(place, 'status')), ['equivocation/receipt']);
  assert.is((await once(place)).code, 2);
  writeFileSync(place.config, JSON.stringify({ logs: [{ url: server.url, vkeys: log.vkey }] }));
  const without = await monitor(place, 'import-head', theirs);
  assert.is(without.code, 4);
  assert.match(without.stderr, /names no receiptKeys/);
  writeFileSync(keys, Uint8Array.of(0x80));
  writeFileSync(place.config, JSON.stringify({ logs }));
  const strange = await monitor(place, 'import-head', theirs);
  assert.is(strange.code, 4, 'a receipt by a key that nobody named convicts nobody');
  for (const one of [server, twin]) await one.end('SIGTERM');
});

test.run();
