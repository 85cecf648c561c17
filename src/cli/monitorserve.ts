/** Serves the exchange of heads of a monitor over HTTP, if its configuration says where. @module */
import type { AddressInfo } from 'node:net';
import { Fault, messageOf } from '../core/fault.ts';
import { createApp } from '../http/app.ts';
import { distributorRoutes } from '../http/distributor.ts';
import { closeFront, createFront } from '../http/front.ts';
import { gossipRoutes } from '../http/gossip.ts';
import { Party } from '../monitor/party.ts';
import type { OpenMonitor } from './openmonitor.ts';
import { parseListen } from './options.ts';

const PATIENCE = 10_000;

export type GossipServer = { readonly url: string; close(): Promise<void> };

/** `arrived` is called when a head has come that could not be verified at once. */
export async function serveGossip(
  { monitor, store, config, logger }: OpenMonitor,
  arrived: () => void,
): Promise<GossipServer | undefined> {
  if (config.listen === undefined) return undefined;
  const { host, port } = parseListen(config.listen);
  const party = new Party(monitor, store, arrived);
  const watch = {
    count: () => {},
    refused: () => {},
    failed: (error: unknown) => logger.error({ err: error }, 'a request failed'),
  };
  const routes = [...gossipRoutes(party, () => performance.now()), ...distributorRoutes(party)];
  const server = createFront(createApp(routes, watch), routes, watch, PATIENCE);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  }).catch((error: unknown) => {
    throw new Fault('bad-request', `cannot listen on ${config.listen}: ${messageOf(error)}; "listen" names another`);
  });
  const { address, family, port: taken } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`,
    close: () => closeFront(server, PATIENCE),
  };
}
