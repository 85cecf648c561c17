/** `limmat witness serve`: cosigns over HTTP until it is told to stop. @module */
import type { Command } from 'commander';
import { pino } from 'pino';
import { messageOf } from '../core/fault.ts';
import { COSIGNATURE_ED25519, formatVkey } from '../core/note.ts';
import { accelerate } from '../core/signature.ts';
import { createApp } from '../http/app.ts';
import { closeFront, createFront } from '../http/front.ts';
import { gossipRoutes } from '../http/gossip.ts';
import { NO_SAMPLE, withOpenApi } from '../http/openapi.ts';
import { asText } from '../http/route.ts';
import { witnessRoutes } from '../http/witness.ts';
import { createWitnessMetrics, witnessOperatorRoutes } from '../http/witnesshealth.ts';
import { openWitnessStore } from '../store/witness.ts';
import { WitnessGossip } from '../witness/gossip.ts';
import type { Evidence } from '../witness/ports.ts';
import { Witness } from '../witness/witness.ts';
import { endWith, listenOn } from './listen.ts';
import { command, parseListen, parseNumber, required, setting } from './options.ts';
import { packageVersion } from './version.ts';
import { witnessDirectory } from './witnessdir.ts';
import { openWitnessKeys, watched } from './witnesskeys.ts';

export function makeServe(): Command {
  return command('serve', 'cosign over HTTP what the logs of the witness publish')
    .addOption(setting('--data <dir>', 'directory of the witness, made by `limmat witness init`'))
    .addOption(setting('--listen <host:port>', 'where to listen; port 0 takes any').default('127.0.0.1:8081'))
    .addOption(setting('--patience <seconds>', 'how long a request may take to arrive').default('10'))
    .addOption(
      setting('--cosign <keys>', 'ed25519 saves the time that ML-DSA-44 takes')
        .choices(['both', 'ed25519'])
        .default('both'),
    )
    .action(serve);
}

type Options = { data?: string; listen: string; patience: string; cosign: 'both' | 'ed25519'; json?: boolean };

const PROVEN = 'a log signed what it should not have';

async function serve(options: Options): Promise<void> {
  const directory = witnessDirectory(required(options, 'data'));
  const listen = parseListen(options.listen);
  const patience = 1000 * parseNumber('patience', options.patience, 0.1);
  const store = openWitnessStore(directory.database);
  const name = store.name();
  await accelerate();
  const keys = openWitnessKeys(directory, name);
  const logger = pino({ base: null }, pino.destination(2));
  let isAway = false;
  const tell = (trouble: unknown) => {
    isAway = trouble !== undefined;
    if (isAway) logger.error({ what: 'signing' }, `ALARM: nothing is cosigned: ${messageOf(trouble)}`);
    else logger.info({ what: 'signing' }, 'the key can be reached again');
  };
  const cosigners = keys.cosigners
    .filter(({ vkey }) => options.cosign === 'both' || vkey.type === COSIGNATURE_ED25519)
    .map(({ vkey, signer }) => ({ vkey, signer: watched(signer, { clock: () => performance.now(), tell }) }));
  const metrics = createWitnessMetrics();
  const clock = () => new Date();
  const alarm = ({ origin, kind }: Evidence) => {
    metrics.evidence(origin, kind);
    const shows = kind === 'unproven' ? 'a signed checkpoint came with a wrong proof' : PROVEN;
    logger.warn({ origin, kind }, `${shows}; \`limmat witness evidence\` shows it`);
  };
  const witness = new Witness({ store, cosigners, clock, alarm });
  const gossip = new WitnessGossip({ store, kept: () => store.evidence(), clock, alarm });
  const trouble = witness.trouble(witness.logs());
  if (trouble !== undefined) logger.error({ what: 'clock' }, trouble);
  metrics.watch(witness, () => isAway);
  const watch = {
    count: metrics.count,
    refused: metrics.refused,
    failed: (error: unknown) => logger.error({ err: error }, 'a request failed'),
  };
  let stopping = false;
  const described = [
    ...witnessRoutes(witness),
    ...gossipRoutes(gossip, () => performance.now()),
    ...witnessOperatorRoutes({ witness, name, stopping: () => stopping, away: () => isAway }, metrics),
  ];
  const about = { title: `The witness ${name}`, version: packageVersion(), url: '/' };
  const routes = withOpenApi(described, about, () => NO_SAMPLE);
  const server = createFront(createApp(routes, watch, asText), routes, watch, patience);
  const url = await listenOn(server, listen);
  announce(options.json ?? false, {
    listen: url,
    name,
    vkeys: cosigners.map(({ vkey }) => formatVkey(vkey)),
    logs: store.origins(),
  });
  endWith(async () => {
    stopping = true;
    await closeFront(server, patience);
    store.close();
    keys.close();
  });
}

type Announcement = { listen: string; name: string; vkeys: string[]; logs: string[] };

function announce(json: boolean, what: Announcement): void {
  if (json) {
    console.log(JSON.stringify(what));
    return;
  }
  const { listen, name, vkeys, logs } = what;
  const lines = [`listening on ${listen}`, `witness ${name}`, ...vkeys.map((vkey) => `vkey ${vkey}`)];
  console.log([...lines, ...logs.map((origin) => `log ${origin}`)].join('\n'));
}
