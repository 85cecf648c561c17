/** The watch list: what a monitor's owner wants to hear of, and what was promised to him. Read from JSON or YAML. @module */
import type { Cbor } from '../core/cbor.ts';
import { Fault } from '../core/fault.ts';
import type { Json } from '../registry/json.ts';
import { read } from '../registry/read.ts';
import { country, integer, list, map, pattern, type Schema, set, type TypeOf, text } from '../registry/schema.ts';
import { TERM, type Term } from '../registry/terms.ts';

const MANY = 10_000;
const names = set(text(512), 1, MANY);
const organisation = text(128);
const owned = pattern(300, /^[^/]+\/[^/]+$/, 'organisation/id');
const kid = pattern(64, /^[0-9a-f]{64}$/, 'the kid of a key, 64 hexadecimal digits');
const sha256 = pattern(64, /^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hexadecimal');

/** A map with no other fields: a name that is written wrong must not pass for one that is not there. */
export const strict = ((required, optional) => ({ ...map(required, optional), closed: true })) as typeof map;

const schema = strict(
  {},
  {
    /** Entries about any of these are told. */
    products: names,
    organisations: set(organisation, 1, MANY),
    keys: set(kid, 1, MANY),
    processes: set(owned, 1, MANY),
    countries: set(country, 1, 300),
    builders: names,
    sites: set(owned, 1, MANY),
    /** Keys of an organisation: any other that it enrols or signs with is unexpected. */
    expectedKeys: list(strict({ organisation, keys: set(kid, 0, MANY) }, {}), 1, 1000),
    /** Builds of an organisation: any whose files are not all among these is unexpected. */
    knownBuilds: list(strict({ organisation, sha256: set(sha256, 0, 1_000_000) }, {}), 1, 100),
    /** Where an organisation promised to build. */
    jurisdictions: list(strict({ organisation, countries: set(country, 1, 300) }, { products: names }), 1, 1000),
    /** Builds of an organisation whose source has to be reviewed so many days after them; 0 if it is not said. */
    reviewed: list(strict({ organisation }, { products: names, days: integer(0, 3650) }), 1, 1000),
    /** Products that are built so often that silence means something. */
    streams: list(strict({ organisation, product: text(128), hours: integer(1, 100_000) }, {}), 1, 1000),
  },
);
export type WatchFile = TypeOf<typeof schema>;

export type Watch = WatchFile & {
  /** What an entry can be found by, and the name of the list that asks for it. */
  readonly terms: ReadonlyMap<Term, string>;
};

/** Fault `bad-request` names the field. */
export function readWatch(json: Json): Watch {
  return withTerms(readStrictly(schema, json, 'the watch list'));
}

export const EMPTY_WATCH: Watch = withTerms({});

function withTerms(file: WatchFile): Watch {
  const of = (list: string, term: (value: string) => Term, values: readonly string[] = []): [Term, string][] =>
    values.map((value) => [term(value), `${list}: ${value}`]);
  return {
    ...file,
    terms: new Map([
      ...of('products', TERM.product, file.products),
      ...of('organisations', TERM.issuer, file.organisations),
      ...of('keys', TERM.signer, file.keys),
      ...of('keys', (value) => TERM.subject(`key:${value}`), file.keys),
      ...of('processes', TERM.process, file.processes),
      ...of('countries', TERM.country, file.countries),
      ...of('builders', TERM.builder, file.builders),
      ...of('sites', TERM.site, file.sites),
    ]),
  };
}

/** Reads JSON against a schema; what is wrong with it is told with its path. */
export function readStrictly<T>(of: Schema<T>, json: Json, what: string): T {
  try {
    return read(of, toMaps(json)).value;
  } catch (error) {
    if (error instanceof Fault) throw new Fault('bad-request', `${what}: ${error.message}`);
    throw error;
  }
}

function toMaps(json: Json): Cbor {
  if (Array.isArray(json)) return json.map((item: Json) => toMaps(item));
  if (typeof json !== 'object' || json === null) return json as Cbor;
  return new Map(Object.entries(json).map(([name, item]) => [name, toMaps(item as Json)]));
}
