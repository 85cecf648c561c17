/** Remembers imported keys: importing one costs as much as verifying with it. @module */

const LIMIT = 4096;

/** `load`, called once per key while fewer than 4096 keys are in use; the oldest is forgotten first. */
export function keyCache<Key>(load: (publicKey: Uint8Array) => Key): (publicKey: Uint8Array) => Key {
  const known = new Map<string, Key>();
  return (publicKey) => {
    const name = Buffer.prototype.latin1Slice.call(publicKey, 0, publicKey.length);
    const found = known.get(name);
    // Also when nothing could be made of it: finding that out anew would cost as much.
    if (found !== undefined || known.has(name)) return found as Key;
    if (known.size >= LIMIT) known.delete(known.keys().next().value as string);
    const key = load(publicKey);
    known.set(name, key);
    return key;
  };
}
