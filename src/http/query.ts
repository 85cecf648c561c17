/** Query parameters: named, each once, numbers in their one decimal form. What breaks that is `malformed`. @module */
import { Fault, type FaultDetail } from '../core/fault.ts';
import { parseSize } from '../core/size.ts';
import type { Described } from './describe.ts';
import type { Ask } from './route.ts';

/** The error names of RFC 9162 §5, which RFC 6962 has no names for. */
export type QueryRule =
  | 'malformed'
  | 'firstUnknown'
  | 'secondUnknown'
  | 'secondBeforeFirst'
  | 'hashUnknown'
  | 'treeSizeUnknown'
  | 'startUnknown'
  | 'endBeforeStart'
  | 'leafIndexUnknown';

/** A request that cannot be meant. */
export function badQuery(rule: QueryRule, message: string, detail: FaultDetail = {}): Fault {
  return new Fault('bad-request', message, { ...detail, rule });
}

/** Reads the query of each request to a route: what is described is what is read. */
export function queryOf({ parameters = [] }: Described): (ask: Ask) => Query {
  const names = parameters.filter((one) => one.in === 'query').map(({ name }) => name);
  return (ask) => new Query(ask, names);
}

/** `URLSearchParams` reads anything. */
export function checkEscapes(query: string): void {
  for (const pair of query.split('&')) unescaped(pair.split('=', 1)[0] as string, pair);
}

export class Query {
  readonly #values = new Map<string, string>();

  /** Reads the parameters of a request, which may have these names and no others. */
  constructor(ask: Ask, names: readonly string[]) {
    for (const pair of ask.query === '' ? [] : ask.query.split('&')) {
      const equals = pair.indexOf('=');
      const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
      if (!names.includes(name)) {
        const known = names.length === 0 ? 'and no other' : `only ${names.join(', ')}`;
        throw badQuery('malformed', `there is no parameter "${name.slice(0, 40)}" here, ${known}`);
      }
      if (this.#values.has(name)) throw badQuery('malformed', `the parameter ${name} is given twice`);
      this.#values.set(name, unescaped(name, value));
    }
  }

  text(name: string): string | undefined {
    return this.#values.get(name);
  }

  number(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    try {
      return parseSize(text, 'bad-request');
    } catch {
      throw badQuery('malformed', `${name} is not a decimal integer below 2^53`);
    }
  }

  /** A number that must be there. */
  needed(name: string): number {
    const number = this.number(name);
    if (number === undefined) throw badQuery('malformed', `the parameter ${name} is missing`);
    return number;
  }
}

/** Percent-escapes alone: a plus stands for itself, as RFC 3986 has it, because base64 has pluses and no spaces. */
function unescaped(name: string, value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw badQuery('malformed', `the value of ${name} has a bad percent-escape`);
  }
}
