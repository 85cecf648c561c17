/** What a client of a log has in hand: a log that is served, what is pinned of it, and a logged build with its files. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { bundleOf, Log, type Logged, parseTrust, type Trust } from '../../src/client/client.ts';
import { toHex } from '../../src/core/bytes.ts';
import { signStatement } from '../../src/core/cose.ts';
import { kidOf } from '../../src/core/signature.ts';
import { contentTypeOf } from '../../src/registry/names.ts';
import { payloadOf } from '../../src/registry/payload.ts';
import { readKeyFile } from '../../src/store/keyfile.ts';
import { run, Vendor } from '../cli/world.ts';

export class Party {
  readonly vendor: Vendor;
  readonly artifact = new TextEncoder().encode('what was built');
  readonly log: Log;
  readonly trustFile: Uint8Array;
  readonly trust: Trust;
  readonly #started = Date.now();
  #versions = 0;

  private constructor(vendor: Vendor, trustFile: Uint8Array) {
    this.vendor = vendor;
    this.trustFile = trustFile;
    this.trust = parseTrust(trustFile);
    this.log = new Log({ url: vendor.server.url, trust: this.trust });
  }

  /** `buildKey` is the algorithm of the key that signs builds. */
  static async meet(buildKey?: string): Promise<Party> {
    const vendor = await Vendor.begin(buildKey);
    const out = vendor.path('trust.json');
    await run('trust', 'bundle', ...vendor.target, '--out', out);
    return new Party(vendor, Uint8Array.from(readFileSync(out)));
  }

  get url(): string {
    return this.vendor.server.url;
  }

  /** A signed build of the artifact that was not there before. */
  statement(): Uint8Array {
    const signer = readKeyFile(this.vendor.key('build'));
    const version = `${this.#started}.${++this.#versions}`;
    const sha256 = new Uint8Array(createHash('sha256').update(this.artifact).digest());
    const payload = payloadOf('build', {
      product: 'app',
      version,
      artifactKind: 'software',
      artifacts: [{ name: 'app.bin', digests: { sha256 }, size: this.artifact.length }],
      builder: 'https://acme.example/b',
      site: 'zrh-1',
    });
    const header = {
      kid: kidOf(signer.key),
      contentType: contentTypeOf('build'),
      iss: 'acme',
      sub: `pkg:generic/app@${version}`,
    };
    return signStatement({ signer, ...header, payload });
  }

  /** The entry that enrolled the build key, found by going through the first entries. */
  async enrolment(): Promise<Logged> {
    const subject = `key:${toHex(kidOf(readKeyFile(this.vendor.key('build')).key))}`;
    for (let index = 0; ; index++) {
      const logged = await this.log.proof({ index });
      if (logged.verified.statement?.sub === subject) return logged;
    }
  }

  /** A bundle with all in it. */
  async bundle(): Promise<Uint8Array> {
    return new TextEncoder().encode(bundleOf(await this.log.submit(this.statement()), await this.enrolment()));
  }

  async end(): Promise<void> {
    await this.vendor.server.end('SIGTERM');
  }
}
