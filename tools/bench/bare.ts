/**
 * What `node:http` alone can do, as a process of its own: reads every body and answers ten bytes, or answers a tile's
 * worth of bytes from memory. The log is measured against it in the same run. @module
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const TILE = Buffer.alloc(8192);

const server = createServer((request, response) => {
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
  });
  request.on('end', () => {
    const body = request.method === 'GET' ? TILE : String(1e9 + length);
    response.writeHead(200, { 'content-length': body.length });
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
