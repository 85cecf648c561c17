/** A log of statements made by commands alone, as an operator and a vendor would: policy, keys, site, and a server. */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { limmat, limmatIn, type Ran, type Server, serve } from '../flow/server.ts';
import { folder } from '../folder.ts';

export const ORIGIN = 'log.example/cli';

/** Runs a command that must succeed; answers what `--json` prints. */
export async function run(...args: string[]): Promise<Record<string, unknown>> {
  const ran = await limmat(...args, '--json');
  assert.is(ran.code, 0, `limmat ${args.join(' ')}: ${ran.stderr}${ran.stdout}`);
  assert.is(ran.stdout.trim().split('\n').length, 1, 'one JSON object and nothing else');
  return JSON.parse(ran.stdout) as Record<string, unknown>;
}

/** Runs a command that must end with an exit code; answers what it said on standard error. */
export async function ends(code: number, ...args: string[]): Promise<string> {
  return told(code, await limmat(...args), args);
}

/** The same in a folder of its own. */
export async function endsIn(cwd: string, code: number, ...args: string[]): Promise<string> {
  return told(code, await limmatIn({ cwd }, ...args), args);
}

function told(code: number, ran: Ran, args: string[]): string {
  assert.is(ran.code, code, `limmat ${args.join(' ')}: ${ran.stderr}${ran.stdout}`);
  assert.not.match(ran.stderr, /^\s+at /m, 'a stack trace is no answer');
  return ran.stderr;
}

let made: string | undefined;

/** An opaque log that nobody serves: a copy of one that is made once. */
export async function opaqueLog(): Promise<string> {
  if (made === undefined) {
    made = join(folder(), 'log');
    await run('init', '--data', made, '--origin', ORIGIN, '--entries', 'opaque');
  }
  const data = join(folder(), 'log');
  for (const part of ['', '.guard']) cpSync(made + part, data + part, { recursive: true });
  return data;
}

/** Submits opaque entries, several in one turn. */
export async function addAll(url: string, names: readonly string[]): Promise<number[]> {
  return Promise.all(
    names.map(async (name) => {
      const response = await fetch(`${url}/add`, { method: 'POST', body: name });
      const text = await response.text();
      assert.is(response.status, 200, text);
      return Number(text);
    }),
  );
}

export const names = (lo: number, hi: number): string[] => Array.from({ length: hi - lo }, (_, i) => `entry ${lo + i}`);

/** A vendor with everything it needs to log builds, and the server of its log. */
export class Vendor {
  readonly root = folder();
  readonly data = join(this.root, 'log');
  readonly vkey = join(this.data, 'log.vkey');
  server!: Server;
  /** Kids by the names of keys. */
  readonly kids = new Map<string, string>();
  #logged = 0;

  /** Makes the log and starts its server; `buildKey` is the algorithm of the key that signs builds. */
  static async begin(buildKey = 'ed25519', ...init: string[]): Promise<Vendor> {
    const vendor = new Vendor();
    const root = await vendor.#keygen('root', 'ed25519');
    await vendor.#keygen('operations', 'ed25519');
    await vendor.#keygen('build', buildKey);
    const acme = { id: 'acme', name: 'Acme', role: 'vendor', rootKeys: [root], threshold: 1 };
    const policy = vendor.file('policy.json', JSON.stringify({ organisations: [acme] }));
    await run('init', '--data', vendor.data, '--origin', ORIGIN, '--policy', policy, ...init);
    vendor.server = await serve(vendor.data);
    for (const name of ['operations', 'build']) await vendor.#enrol(name);
    await vendor.log('site', 'operations', 'event: declare\nsiteId: zrh-1\ncountry: CH\noperator: Colocation AG\n');
    return vendor;
  }

  path(name: string): string {
    return join(this.root, name);
  }

  key(name: string): string {
    return this.path(`${name}.pem`);
  }

  file(name: string, content: string | Uint8Array): string {
    writeFileSync(this.path(name), content);
    return this.path(name);
  }

  /** Where a command finds the log, and what it trusts. */
  get target(): string[] {
    return ['--url', this.server.url, '--vkey', this.vkey];
  }

  /** Signs a statement and submits it. */
  async log(kind: string, key: string, yaml: string, ...more: string[]): Promise<Record<string, unknown>> {
    this.#logged++;
    const out = this.path(`${this.#logged}.cose`);
    const who = ['--key', this.key(key), '--issuer', 'acme', '--audience', ORIGIN];
    await run('sign', kind, '--file', this.file(`${kind}.yaml`, yaml), ...who, '--out', out, ...more);
    const { proof, ...said } = await run('submit', 'statement', out, ...this.target);
    assert.is(proof, `${out}.tlog-proof`);
    return said;
  }

  /** Submits a build of some files. */
  build(version: string, artifacts: readonly string[], ...more: string[]): Promise<Record<string, unknown>> {
    return run('submit', 'build', ...this.buildFlags(version, artifacts), ...this.target, ...more);
  }

  buildFlags(version: string, artifacts: readonly string[]): string[] {
    const who = [
      '--key',
      this.key('build'),
      '--issuer',
      'acme',
      '--site',
      'zrh-1',
      '--builder',
      'https://acme.example/b',
    ];
    const files = artifacts.flatMap((path) => ['--artifact', path]);
    return ['--product', 'kdb', '--product-version', version, ...files, ...who];
  }

  async #keygen(name: string, algorithm: string): Promise<string> {
    const { kid, publicKey } = await run('keygen', '--out', this.key(name), '--algorithm', algorithm);
    this.kids.set(name, kid as string);
    return publicKey as string;
  }

  async #enrol(name: string): Promise<void> {
    const fields = `keyId: ${name}-1\npurpose: ${name}\n`;
    await this.log('key', 'root', fields, '--enroll', this.key(name));
    const subject = `key:${this.kids.get(name)}`;
    await this.log('key', 'root', `keyId: ${name}-1\nevent: activate\n`, '--subject', subject);
  }
}
