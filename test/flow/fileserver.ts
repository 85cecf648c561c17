/** A static file server of `node:http`, as any would be; it can be told to lie about what is in its files. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** What is served at a path in place of a file; undefined is 404. */
export type Lie = (path: string, bytes: Uint8Array | undefined) => Uint8Array | undefined;

export type FileServer = { readonly url: string; close(): void };

export async function serveFiles(root: string, lie: Lie = (_, bytes) => bytes): Promise<FileServer> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').slice(1);
    const file = join(root, path);
    const found = existsSync(file) && statSync(file).isFile() ? Uint8Array.from(readFileSync(file)) : undefined;
    const bytes = lie(path, found);
    response.writeHead(bytes ? 200 : 404).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => server.close().closeAllConnections(),
  };
}
