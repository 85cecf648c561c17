/** Real builds to log: the packages of our own lock file, or of the package index of a Debian mirror. @module */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fromBase64, fromHex } from '../../src/core/bytes.ts';
import type { Payload } from '../../src/registry/kinds.ts';

/** A build before it is signed: its package URL and what is known of it. */
export type Build = {
  readonly packageUrl: string;
  readonly product: string;
  readonly version: string;
  readonly artifact: Payload<'build'>['artifacts'][number];
};

/** Every package of a lock file, with the digest that npm itself checks when it installs. */
export function lockFileBuilds(path: string): Build[] {
  const { packages } = JSON.parse(readFileSync(path, 'utf8')) as {
    packages: Record<string, { version?: string; integrity?: string }>;
  };
  const seen = new Map<string, Build>();
  for (const [place, { version, integrity }] of Object.entries(packages)) {
    const product = place.split('node_modules/').at(-1);
    if (!product || version === undefined || integrity === undefined) continue;
    const digests = Object.fromEntries(
      integrity.split(' ').map((each) => {
        const [, name, base64] = /^(sha512|sha384|sha256|sha1)-(.+)$/.exec(each) as unknown as [string, string, string];
        return [name, fromBase64(base64, 'bad-request')];
      }),
    );
    const packageUrl = `pkg:npm/${product.replace('@', '%40')}@${version}`;
    const name = `${product.split('/').at(-1)}-${version}.tgz`;
    seen.set(packageUrl, { packageUrl, product, version, artifact: { name, digests } });
  }
  return [...seen.values()];
}

/** Every build in the package indexes that apt has fetched. Throws, with what to do, if it has none. */
export function debianBuilds(): Build[] {
  const targets = execFileSync('apt-get', ['indextargets', '--format', '$(FILENAME)', 'Created-By: Packages'])
    .toString()
    .split('\n')
    .filter((file) => file !== '');
  if (targets.length === 0) throw new Error('apt has no package index here: run `apt-get update` first');
  const largest = targets.map((file) => catIndex(file)).sort((a, b) => b.length - a.length)[0] as string;
  return largest.split('\n\n').flatMap((stanza) => stanzaBuild(stanza) ?? []);
}

function catIndex(file: string): string {
  return execFileSync('/usr/lib/apt/apt-helper', ['cat-file', file], { maxBuffer: 2 ** 30 }).toString();
}

/** A stanza of a Packages file. Maintainers are persons, so they are left out. */
function stanzaBuild(stanza: string): Build | undefined {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1];
  const [product, version, arch, sha256, size, file] = [
    'Package',
    'Version',
    'Architecture',
    'SHA256',
    'Size',
    'Filename',
  ].map(field);
  if (!product || !version || !arch || !sha256 || !size || !file) return undefined;
  const artifact = {
    name: file.split('/').at(-1) as string,
    digests: { sha256: fromHex(sha256, 'bad-request') },
    size: Number(size),
  };
  return {
    packageUrl: `pkg:deb/debian/${product}@${encodeURIComponent(version)}?arch=${arch}`,
    product,
    version,
    artifact,
  };
}
