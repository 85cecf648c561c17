/** Serves the exchange of heads of a monitor over HTTP, if its configuration says where. @module */
import { createApp } from '../http/app.ts';
import { distributorRoutes } from '../http/distributor.ts';
import { closeFront, createFront } from '../http/front.ts';
import { gossipRoutes } from '../http/gossip.ts';
import { asText } from '../http/route.ts';
import { Party } from '../monitor/party.ts';
import { listenOn } from './listen.ts';
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
  const party = new Party(monitor, store, arrived);
  const watch = {
    count: () => {},
    refused: () => {},
    failed: (error: unknown) => logger.error({ err: error }, 'a request failed'),
  };
  const now = () => performance.now();
  const routes = [...gossipRoutes(party, now), ...distributorRoutes(party, now)];
  const server = createFront(createApp(routes, watch, asText), routes, watch, PATIENCE);
  const url = await listenOn(server, parseListen(config.listen, '"listen"'), '"listen"');
  return { url, close: () => closeFront(server, PATIENCE) };
}
