/** `limmat key rotate-receipt-key`: a stopped log gets another key for its receipts and tree heads. @module */
import { toBase64url } from '../core/bytes.ts';
import { thumbprintOf } from '../core/cosekey.ts';
import { openGuardFile } from '../store/guardfile.ts';
import { openStore } from '../store/sqlite.ts';
import { openKeys } from './keyring.ts';
import { logDirectory } from './logdir.ts';
import { required } from './options.ts';
import { print } from './print.ts';
import { commandLine } from './shell.ts';

export type RotateOptions = { data?: string; guard?: string; json?: boolean };

/**
 * Writes the next number of the key down, and that is all: the next `serve` signs the newest head again, as every start
 * does, and from then on every receipt it gives is by the new key.
 */
export function rotateReceiptKey(options: RotateOptions): void {
  const directory = logDirectory(required(options, 'data'), options.guard);
  const guard = openGuardFile(directory.guard); // whoever holds it is alone with this log
  const store = openStore(directory.database);
  const { keyring, inUse } = openKeys(directory, store); // before anything changes: they are there and can be used
  const kid = () => toBase64url(thumbprintOf(inUse('receipt-p256').key));
  const retired = kid();
  keyring.make('receipt-p256', store.keyNumber('receipt-p256') + 1); // and stays, if this ends before the next line
  const number = store.rotateKey('receipt-p256');
  const current = kid();
  keyring.close();
  store.close();
  guard.close();
  print(options.json, {
    receiptKey: current,
    number,
    retired,
    next: `\`${commandLine('limmat serve', { data: options.data, guard: options.guard })}\`; then /.well-known/scitt-keys lists the new key first; clients that pin keys renew their trust bundle`,
  });
}
