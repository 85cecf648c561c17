/**
 * litewitness, a witness that others wrote, from Debian's `torchwood` package: found in LIMMAT_TORCHWOOD (a folder) or in
 * PATH, else unpacked from Debian into a folder for temporary files. Where none of it can be had, a test is skipped.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { formatVkey, parseVkey, type Vkey } from '../../src/core/note.ts';
import { folder } from '../folder.ts';

const run = promisify(execFile);
const DEBIAN = '/etc/apt/sources.list.d/debian.sources';

/** The folder with `litewitness` and `witnessctl`; says why if there is none. */
export async function torchwood(): Promise<string | undefined> {
  const unpacked = join(tmpdir(), 'limmat-torchwood');
  const places = [
    process.env.LIMMAT_TORCHWOOD ?? '',
    ...(process.env.PATH ?? '').split(delimiter),
    `${unpacked}/root/usr/bin`,
  ];
  const has = (place: string) => place !== '' && existsSync(join(place, 'litewitness'));
  try {
    if (!places.some(has)) await unpack(unpacked);
    await run('ssh-keygen', ['-?']).catch((error: { code?: unknown }) => {
      if (error.code === 'ENOENT') throw new Error('there is no ssh-keygen');
    });
    return places.find(has);
  } catch (error) {
    const reason = (error as Error).message.split('\n', 1)[0];
    console.log(`skipped: litewitness (set LIMMAT_TORCHWOOD to a folder that has it): ${reason}`);
    return undefined;
  }
}

/** Debian's package of the day, beside the system: nothing is installed. */
async function unpack(place: string): Promise<void> {
  if (!existsSync(DEBIAN)) throw new Error('this is not Debian');
  const field = (name: string) => new RegExp(`^${name}: *(\\S+)`, 'm').exec(readFileSync(DEBIAN, 'utf8'))?.[1];
  for (const name of ['lists/partial', 'cache/archives/partial', 'debs', 'root']) {
    mkdirSync(join(place, name), { recursive: true });
  }
  writeFileSync(join(place, 'sources.list'), `deb [signed-by=${field('Signed-By')}] ${field('URIs')} sid main\n`);
  const settings = [
    `Dir::Etc::sourcelist=${place}/sources.list`,
    'Dir::Etc::sourceparts=/dev/null',
    `Dir::State::lists=${place}/lists`,
    `Dir::Cache=${place}/cache`,
    'APT::Sandbox::User=root',
  ].flatMap((setting) => ['-o', setting]);
  await run('apt-get', [...settings, 'update', '-qq'], { timeout: 120_000 });
  await run('apt-get', [...settings, 'download', '-qq', 'torchwood'], { timeout: 120_000, cwd: join(place, 'debs') });
  const [deb] = readdirSync(join(place, 'debs'));
  await run('dpkg', ['-x', join(place, 'debs', deb ?? 'torchwood'), join(place, 'root')]);
}

export type Litewitness = { readonly url: string; readonly vkey: Vkey; end(): Promise<void> };

/** A running litewitness that knows one log by one Ed25519 key. */
export async function startLitewitness(bin: string, origin: string, logKey: Vkey): Promise<Litewitness> {
  const place = folder();
  const [key, socket, db] = [join(place, 'key'), join(place, 'agent'), join(place, 'lw.db')];
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  await said(agent, 'stdout', /SSH_AUTH_SOCK=/);
  await run('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
  const fingerprint = (await run('ssh-keygen', ['-lf', key])).stdout.split(' ')[1] ?? '';
  await run(join(bin, 'witnessctl'), ['add-log', '-db', db, '-origin', origin]);
  await run(join(bin, 'witnessctl'), ['add-key', '-db', db, '-origin', origin, '-key', formatVkey(logKey)]);
  const args = ['-db', db, '-name', 'witness.example/lw', '-key', fingerprint, '-ssh-agent', socket];
  const port = await freePort();
  const child = spawn(join(bin, 'litewitness'), [...args, '-listen', `127.0.0.1:${port}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const heard = await said(child, 'stderr', /vkey=\S+[\s\S]*msg=listening/);
  const vkey = parseVkey(/vkey="?([^"\s]+)/.exec(heard)?.[1] ?? '');
  return {
    url: `http://127.0.0.1:${port}`,
    vkey,
    async end() {
      const ended = Promise.all([child, agent].map((one) => new Promise((resolve) => one.once('exit', resolve))));
      child.kill('SIGTERM');
      agent.kill('SIGTERM');
      await ended;
    },
  };
}

/** It cannot tell which port it took, so one that was free a moment ago is named. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Waits until a process has said something, and answers all that it said. */
function said(child: ChildProcess, stream: 'stdout' | 'stderr', what: RegExp): Promise<string> {
  let text = '';
  process.once('exit', () => child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${child.spawnfile} ended with ${code}: ${text}`)));
    child[stream]?.on('data', (chunk: Buffer) => {
      text += chunk;
      if (what.test(text)) resolve(text);
    });
  });
}
