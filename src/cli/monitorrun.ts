/** Runs a monitor: one round, or one after the other until it is told to stop. @module */
import { messageOf } from '../core/fault.ts';
import { accelerate } from '../core/signature.ts';
import { BROKEN, UNVERIFIED } from '../monitor/alert.ts';
import { deliver } from '../monitor/notify.ts';
import { runHook } from './channels.ts';
import { complain } from './exit.ts';
import type { MonitorOptions } from './monitor.ts';
import { printStatus, statusOf } from './monitoradmin.ts';
import { serveGossip } from './monitorserve.ts';
import { type OpenMonitor, openMonitor } from './openmonitor.ts';
import { required } from './options.ts';

type Options = MonitorOptions & { once?: boolean; startAtEnd?: boolean };

export async function runMonitor(options: Options): Promise<void> {
  await accelerate();
  if (options.once) await once(options);
  else await forever(options);
}

/** Every error is a local one here: cron tells them from findings by the code. */
async function once(options: Options): Promise<void> {
  try {
    const open = openMonitor(required(options, 'config'), required(options, 'data'), options.startAtEnd);
    const code = await round(open);
    printStatus(options.json, statusOf(open.store, open.monitor.origins()));
    open.store.close();
    process.exitCode = code;
  } catch (error) {
    complain(error, options.json ?? false);
    process.exitCode = BROKEN;
  }
}

/** One round, and what follows from it. */
async function round({ monitor, store, config, logger }: OpenMonitor): Promise<number> {
  const code = await monitor.round();
  await deliver(store, config.channels, (channel, why) => logger.error({ channel }, `cannot tell: ${why}`));
  // Whoever waits for this is to hear that the monitor is alive and sees, not that all is well.
  if (config.heartbeat !== undefined && code !== UNVERIFIED) {
    const input = JSON.stringify(statusOf(store, monitor.origins()));
    await runHook(config.heartbeat, input, { LIMMAT_CODE: String(code) }).catch((error: unknown) =>
      logger.error({ hook: config.heartbeat }, `the heartbeat hook failed: ${messageOf(error)}`),
    );
  }
  return code;
}

async function forever(options: Options): Promise<void> {
  const open = openMonitor(required(options, 'config'), required(options, 'data'), options.startAtEnd);
  const { monitor, store, config, logger } = open;
  const stopping = new AbortController();
  let wake: () => void = () => {};
  const server = await serveGossip(open, () => wake());
  const origins = monitor.origins();
  if (options.json) console.log(JSON.stringify({ listen: server?.url, logs: origins }));
  else
    console.log([...(server ? [`listening on ${server.url}`] : []), ...origins.map((one) => `log ${one}`)].join('\n'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());
  while (!stopping.signal.aborted) {
    let early = false;
    wake = () => {
      early = true;
    };
    const code = await round(open);
    logger.info({ code }, 'a round is done');
    if (early) continue;
    await pause(config.seconds, stopping.signal, (end) => {
      wake = end;
    });
  }
  await server?.close();
  store.close();
  process.exit();
}

/** A tenth more or less, so that many monitors do not ask at once; `ends` gets what ends it earlier. */
function pause(seconds: number, signal: AbortSignal, ends: (end: () => void) => void): Promise<void> {
  const milliseconds = 1000 * seconds * (0.9 + 0.2 * Math.random());
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    ends(done);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
