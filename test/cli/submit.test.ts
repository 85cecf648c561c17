import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { notKept } from '../../src/cli/sending.ts';
import { Fault } from '../../src/core/fault.ts';
import { serve } from '../flow/server.ts';
import { ends, opaqueLog, run, Vendor } from './world.ts';

// What submit checks before anything is logged, and what it says when no proof can be had or kept.

const vendor = await Vendor.begin();
const sizeNow = async () => Number((await (await fetch(`${vendor.server.url}/checkpoint`)).text()).split('\n')[1]);

test('submit: what cannot be kept or proven here is not logged at all', async () => {
  const before = await sizeNow();
  const other = await opaqueLog();
  const flags = vendor.buildFlags('8.0', [vendor.file('eight', 'eight')]);
  const submit = (out: string, vkey = vendor.vkey) => [
    ...['submit', 'build', ...flags, '--url', vendor.server.url, '--vkey', vkey, '--out', out],
  ];
  assert.match(await ends(2, ...submit(vendor.path('none/x'))), /cannot be written to .*x: there is no folder .*none/);
  assert.match(await ends(2, ...submit(vendor.root)), /cannot be written to .*: it is a folder, name a file in it/);
  assert.match(
    await ends(1, ...submit(vendor.path('x'), `${other}/log.vkey`)),
    /nothing was sent: .*\nNext: see that --url is that of the log, and the keys/,
  );
  const elsewhere = createServer((_, response) => response.end('<html>')).listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  const url = `http://127.0.0.1:${(elsewhere.address() as { port: number }).port}`;
  const said = await ends(2, 'submit', 'build', ...flags, '--url', url, '--vkey', vendor.vkey);
  assert.match(said, /nothing was sent: a note .*\nNext: see that --url/);
  elsewhere.close();
  assert.is(await sizeNow(), before);
});

test('submit: what fails after it was logged says that it is logged, where, and what fetches the proof', async () => {
  const out = vendor.path('late.tlog-proof');
  mkdirSync(`${out}.new`); // where it is written before it gets its name
  const flags = [...vendor.buildFlags('8.1', [vendor.file('eight', 'eight')]), ...vendor.target, '--out', out];
  const before = await sizeNow();
  const said = await ends(2, 'submit', 'build', ...flags);
  const [, index, entryId] =
    /logged, at index (\d+), as \S+\/entries\/(\S+); but: .*new: it is a folder/.exec(said) ?? [];
  assert.is(Number(index), before, said);
  assert.match(said, `\nNext: limmat proof --url ${vendor.server.url} --vkey ${vendor.vkey} --entry ${entryId}\n`);
  const proof = await run('proof', ...vendor.target, '--entry', entryId as string, '--out', vendor.path('late'));
  assert.is(proof.entry, before);
});

test('submit: the command that is told can be pasted into a shell, and has all that was trusted', () => {
  const trusted = { vkey: "it's/the log.vkey", policy: '$(touch x)', maxAge: '24h' };
  const place = { url: 'https://log.example/a;b', ...trusted, entryId: '-'.repeat(43) };
  const { message } = notKept(new Fault('no-quorum', 'too few'), place, 7) as Fault;
  const [, command = ''] = /\nNext: limmat (.*)$/.exec(message) ?? [];
  const { stdout } = spawnSync('sh', ['-c', `printf '%s\\n' ${command}`], { encoding: 'utf8' });
  const options = ['--url', place.url, '--vkey', place.vkey, '--policy', place.policy, '--max-age', place.maxAge];
  assert.equal(stdout.trim().split('\n'), ['proof', ...options, '--entry', place.entryId], command);
  const bare = notKept(new Fault('no-quorum', 'too few'), { url: place.url, vkey: 'log.vkey', entryId: 'AbC' }, 7);
  assert.match((bare as Fault).message, /--vkey log\.vkey --entry AbC$/);
});

test('submit: a log of opaque entries is told to be one', async () => {
  const data = await opaqueLog();
  const server = await serve(data);
  const target = ['--url', server.url, '--vkey', `${data}/log.vkey`];
  const flags = vendor.buildFlags('8.2', [vendor.file('eight', 'eight')]);
  assert.match(await ends(2, 'submit', 'build', ...flags, ...target), /is a log of opaque entries/);
  await server.end('SIGTERM');
});

test('submit: past the deadline of the witnesses it says where the entry will be, and what fetches its proof', async () => {
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      if (request.url === '/checkpoint') response.writeHead(404).end('not yet');
      else if (request.method === 'GET') response.writeHead(204, { 'retry-after': '60' }).end();
      else response.writeHead(202, { location: `https://log.example${request.url}/AbC` }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  const flags = vendor.buildFlags('8.3', [vendor.file('eight', 'eight')]);
  const said = await ends(3, 'submit', 'build', ...flags, '--url', `${url}/`, '--vkey', vendor.vkey);
  assert.match(said, `logged and not published yet: ask again at ${url}/entries/AbC\n`);
  assert.match(
    said,
    new RegExp(`^Next: limmat proof --url ${url} --vkey ${vendor.vkey} --entry [A-Za-z0-9_-]{43}$`, 'm'),
  );
  server.close();
});

test('the server stops when it is told to', async () => {
  assert.is(await vendor.server.end('SIGTERM'), 0, vendor.server.stderr());
});

test.run();
