/** What text in an entry may be: NFC, and of the frozen repertoire; lengths count code points. @module */
import { isInRepertoire } from './repertoire.ts';

// Nearly all text is this, and it is NFC as it stands.
const PLAIN = /^[\x20-\x7e]*$/;

/** The number of code points; `undefined` for text that may not stand in an entry. */
export function textLength(text: string): number | undefined {
  if (PLAIN.test(text)) return text.length;
  let count = 0;
  for (const char of text) {
    if (!isInRepertoire(char.codePointAt(0) as number)) return undefined;
    count++;
  }
  return text.normalize('NFC') === text ? count : undefined;
}
