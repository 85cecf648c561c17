/** Tokens of SoftHSM (Debian: softhsm2) in a folder of their own; where it is not installed, the file that asks says so. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { TokenConfig } from '../src/store/pkcs11.ts';
import { folder } from './folder.ts';

const PLACES = ['/usr/lib/softhsm/libsofthsm2.so', '/opt/homebrew/lib/softhsm/libsofthsm2.so'];
export const PIN = '1234';

export type SoftHsm = {
  addToken(label: string): TokenConfig;
  /** Takes all tokens away; answers how to put them back. */
  disconnect(): () => void;
};

/** Undefined where there is no SoftHSM, or nothing to reach it with. */
export function softHsm(): SoftHsm | undefined {
  const module = [process.env.LIMMAT_SOFTHSM ?? '', ...PLACES].find(existsSync);
  if (!module || !hasBinding()) {
    const what = module
      ? 'pkcs11js is not compiled'
      : 'there is no SoftHSM; apt-get install softhsm2, or set LIMMAT_SOFTHSM';
    console.log(`skipped: keys in a token, ${what}`);
    return undefined;
  }
  const root = folder();
  const tokens = join(root, 'tokens');
  mkdirSync(tokens);
  writeFileSync(join(root, 'conf'), `directories.tokendir = ${tokens}\nlog.level = ERROR\n`);
  process.env.SOFTHSM2_CONF = join(root, 'conf'); // of this process, and of the commands that it runs
  return {
    addToken(label) {
      const args = ['--init-token', '--free', '--label', label, '--pin', PIN, '--so-pin', '5678'];
      execFileSync('softhsm2-util', args, { stdio: 'ignore' });
      const pinFile = join(root, `${label}.pin`);
      writeFileSync(pinFile, `${PIN}\n`, { mode: 0o600 });
      return { module, token: label, pinFile };
    },
    disconnect() {
      renameSync(tokens, `${tokens}.away`);
      return () => renameSync(`${tokens}.away`, tokens);
    },
  };
}

function hasBinding(): boolean {
  try {
    createRequire(import.meta.url)('pkcs11js');
    return true;
  } catch {
    return false;
  }
}
