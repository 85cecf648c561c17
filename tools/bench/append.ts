/** How fast entries are taken in: one by one and in batches, opaque and as statements with receipts for answers. @module */
import type { World } from '../vendor.ts';
import { ask } from './ask.ts';
import type { Load } from './load.ts';
import { observe, toSample } from './observe.ts';
import type { Target } from './processes.ts';
import type { Results } from './results.ts';
import { BATCH, type Scale } from './scale.ts';
import { builds, writeBodies } from './statements.ts';
import { ENTRY_BYTES } from './templates.ts';

/** A way of submitting, and for how long. `bodies` is a file of signed statements; without it entries are opaque. */
export type Form = {
  readonly connections: number;
  readonly batch: number;
  readonly bodies: string | undefined;
  readonly seconds: number;
  /** Not measured: it lets the server compile what it will run. */
  readonly warming: boolean;
};

/** Opaque entries take little code, so that it is compiled soon, and many come in a second, which grow the log. */
export function opaqueForms(scale: Scale): Form[] {
  return forms(scale, scale.seconds / 2);
}

/** All forms, batches first: they show best what an append costs at the size at which a round begins. */
function forms({ batches, singles, seconds }: Scale, warming: number): Form[] {
  const warm = (batch: number) => (connections: number) => {
    return { connections, batch, bodies: undefined, seconds: warming, warming: true };
  };
  const form = (batch: number) => (connections: number) => {
    return { connections, batch, bodies: undefined, seconds, warming: false };
  };
  return [
    ...singles.slice(-1).map(warm(1)),
    ...batches.slice(0, 1).map(warm(BATCH)),
    ...batches.map(form(BATCH)),
    ...singles.map(form(1)),
  ];
}

/** Statements a second that no server on this kind of machine will exceed; while it warms, the load ends with them. */
const MOST_STATEMENTS = 25_000;
const MOST_WARMING = 10_000;
const MOST_ALONE = 2_000;

/** Signs enough statements for every form; numbers from `first` on. */
export function statementForms(scale: Scale, world: World, folder: string, first: number): Form[] {
  let next = first;
  return forms(scale, scale.warming).map((form, place) => {
    const { connections, batch, seconds, warming } = form;
    const bodies = `${folder}/${place}.bodies`;
    const rate = warming ? MOST_WARMING : connections === 1 && batch === 1 ? MOST_ALONE : MOST_STATEMENTS;
    // However short a turn is, each connection submits once in it.
    const count = Math.max(scale.turns * connections, Math.ceil((rate * seconds) / batch)) * batch;
    writeBodies(bodies, builds(world, next, count), batch);
    next += count;
    return { ...form, bodies };
  });
}

/** The same load on a server that does nothing with it; entries a second by form. */
export async function measureBare(bare: Target, forms: readonly Form[], results: Results): Promise<Map<Form, number>> {
  const rates = new Map<Form, number>();
  for (const form of forms) {
    const observed = await observe(bare, { ...toLoad(form, '/add'), seconds: form.seconds / 2 });
    const sample = toSample(observed, observed.requests * form.batch);
    rates.set(form, sample.value);
    if (!form.warming) results.add(`bare node:http, ${describe(form)}`, undefined, 'entries/s', sample);
  }
  return rates;
}

/** Submits in every form, on a log that had `size` entries when the round began. */
export async function measureAppend(
  log: Target,
  size: number,
  forms: readonly Form[],
  bare: ReadonlyMap<Form, number>,
  results: Results,
): Promise<void> {
  for (const form of forms) {
    const before = await publishedSize(log.port);
    const observed = await observe(log, toLoad(form, form.bodies ? '/entries' : '/add'));
    const appended = (await publishedSize(log.port)) - before;
    if (form.warming) continue;
    results.add(`append ${describe(form)}`, size, 'entries/s', toSample(observed, appended, bare.get(form)));
  }
}

export function describe({ connections, batch, bodies }: Form): string {
  const kind = bodies ? 'statements' : 'opaque';
  return `${kind}, ${batch === 1 ? 'single' : `batches of ${batch}`}, ${connections} connections`;
}

export function toLoad(
  { connections, batch, bodies, seconds }: Form,
  path: string,
): Pick<Load, 'connections' | 'paths'> & Partial<Load> {
  const type = batch > 1 ? 'application/cbor-seq' : bodies ? 'application/cose' : 'application/octet-stream';
  return {
    method: 'POST',
    paths: [path],
    headers: [`content-type: ${type}`],
    connections,
    seconds,
    batch,
    bodies,
    entryBytes: ENTRY_BYTES,
    salt: `${process.pid} ${performance.now()}`,
  };
}

/** The size of the newest checkpoint, which covers everything that was answered before. */
export async function publishedSize(port: number): Promise<number> {
  const note = new TextDecoder().decode(await ask({ port, path: '/checkpoint' }));
  return Number(note.split('\n')[1]);
}
