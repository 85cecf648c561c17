/** What servers have in common: where they listen, and how they end with their process. @module */
import type { AddressInfo, Server } from 'node:net';
import { Fault, messageOf } from '../core/fault.ts';

/** Answers the URL under which the server can be reached. Fault `bad-request` if it may not listen there. */
export async function listenOn(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
  setting = '--listen HOST:PORT',
): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  }).catch((error: unknown) => {
    const why = messageOf(error);
    throw new Fault('bad-request', `cannot listen on ${host} port ${port}: ${why}; ${setting} names another`);
  });
  const { address, family, port: bound } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`;
}

/** Ends the process when it is told to, after `stop`, which runs once. */
export function endWith(stop: () => Promise<void>): void {
  let stopping = false;
  const end = () => {
    if (stopping) return;
    stopping = true;
    void stop().then(() => process.exit());
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end);
}
