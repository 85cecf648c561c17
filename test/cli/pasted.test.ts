/** Commands that the command tells for the next step are pasted into a shell, where the names of files need quotes. */
import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { serve } from '../flow/server.ts';
import { folder } from '../folder.ts';
import { addAll, ends, ORIGIN, run, Vendor } from './world.ts';

const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');

/** A folder whose name is several words to a shell, and opens a quote. */
function awkward(): string {
  const place = join(folder(), "Reto's log & co");
  mkdirSync(place);
  return place;
}

/** What a user pastes, run by a shell that finds `limmat`, and `npx`, to be this checkout; answers what was printed. */
async function paste(cwd: string, command: string, limmat = `exec "${process.execPath}" "${MAIN}" "$@" --json`) {
  const bin = folder();
  for (const [name, script] of [
    ['limmat', limmat],
    ['npx', 'exec "$@"'],
  ] as const) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  return (await promisify(execFile)('sh', ['-c', command], { cwd, env, timeout: 60_000 })).stdout;
}

const said = (stdout: string) => JSON.parse(stdout) as Record<string, unknown>;

/** The words that `limmat` gets of a command that would not end. */
const words = async (command: string) => (await paste('.', command, `printf '%s\\n' "$@"`)).trimEnd().split('\n');

/** The command among backticks. */
const quotedIn = (text: unknown): string => /`(limmat [^`]+)`/.exec(String(text))?.[1] ?? '';

test('the ceremony of a log, and the enrolment of a key, are done by what is told', async () => {
  const [place, data] = [awkward(), join(awkward(), 'data')];
  const { publicKey } = await run('keygen', '--out', join(place, 'OPERATOR.pem'));
  const operator = { id: 'op', name: 'Op', role: 'operator', rootKeys: [publicKey], threshold: 1 };
  writeFileSync(join(place, 'policy.json'), JSON.stringify({ organisations: [operator] }));
  const origin = "log.example/o'hara";
  const init = ['init', '--data', data, '--origin', origin, '--operator', 'op'];
  const guard = join(place, 'the guard');
  const { next } = await run(...init, '--guard', guard, '--draft', '--policy', join(place, 'policy.json'));
  for (const command of (next as string).split('\n')) await paste(place, command);
  assert.is((await run('fsck', '--data', data, '--guard', guard)).origin, origin);

  const [key, proof] = [join(place, 'new key.pem'), join(place, 'new key.json')];
  await run('keygen', '--out', key);
  const who = ['--issuer', 'op', '--audience', origin, '--purpose', 'operations', '--key-id', 'key-1'];
  const proved = await run('key', 'prove', '--key', key, ...who, '--out', proof);
  cpSync(join(place, 'OPERATOR.pem'), join(place, 'ROOT.pem'));
  assert.is(said(await paste(place, proved.next as string)).statement, 'enroll.cose');
});

test('init tells how the log is served', async () => {
  const ofLog = ['--data', join(awkward(), 'data'), '--guard', join(awkward(), 'guard')];
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'init', ...ofLog, '--origin', ORIGIN]);
  const [, next = ''] = /^Next: (.+)$/m.exec(stdout) ?? [];
  assert.equal(await words(next), ['serve', ...ofLog, '--listen', '127.0.0.1:8080']);
});

test('a log without its guard, and behind what it signed, is brought back by what is told', async () => {
  const place = awkward();
  const [data, old, copy, head] = [
    join(place, 'data'),
    join(place, 'old'),
    join(place, 'copy'),
    join(place, 'the head'),
  ];
  await run('init', '--data', data, '--origin', ORIGIN, '--entries', 'opaque');
  cpSync(data, old, { recursive: true });
  const ofOld = ['--data', old, '--guard', join(place, "old's guard")];
  const server = await serve(data, '--export', copy);
  await addAll(server.url, ['one']);
  writeFileSync(head, await (await fetch(`${server.url}/checkpoint`)).text());
  await server.end('SIGTERM');

  const behind = quotedIn(await ends(3, 'guard', 'rebuild', ...ofOld, '--head', head));
  const source = `'${copy.replaceAll("'", "'\\''")}'`;
  const recovered = said(await paste(place, behind.replace('MIRROR', source)));
  assert.is(recovered.recovered, 1);
  const rebuilt = said(await paste(place, (recovered.next as string).replace('FILE...', "'the head'")));
  assert.is(rebuilt.size, 1);
  assert.equal(await words(quotedIn(rebuilt.next)), ['serve', ...ofOld]);
  const whole = await run('recover', ...ofOld, '--from', copy);
  assert.equal(await words(whole.next as string), ['serve', ...ofOld]);
  const rotated = await run('key', 'rotate-receipt-key', ...ofOld);
  assert.equal(await words(quotedIn(rotated.next)), ['serve', ...ofOld]);
});

test('a trust bundle is used by what is told', async () => {
  const vendor = await Vendor.begin();
  const place = awkward();
  const trust = join(place, 'trust of o.json');
  const { next } = await run('trust', 'bundle', ...vendor.target, '--out', trust);
  writeFileSync(join(place, 'FILE'), 'one');
  const { proof } = await vendor.build('1.0', [join(place, 'FILE')], '--out', join(place, 'FILE.tlog-proof'));
  assert.ok(readFileSync(proof as string, 'utf8').startsWith('c2sp.org/tlog-proof@v1'));
  assert.match(await paste(place, next as string), /"artifact":/);
  assert.is(await vendor.server.end('SIGTERM'), 0);
});

test.run();
