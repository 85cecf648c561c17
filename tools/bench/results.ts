/** Collects samples of the same measurement over the rounds, and says what they came to. @module */
import { type Spread, spreadOf } from './statistics.ts';

/** One run of a measurement. Times in milliseconds, processor time in microseconds. */
export type Sample = {
  readonly value: number;
  readonly p50?: number;
  readonly p99?: number;
  /** Processor time of the server for each thing that is counted. */
  readonly micros?: number;
  /** `value` as a part of what the alternative reached in the same round. */
  readonly ratio?: number;
  /** Cores that neighbours used meanwhile. */
  readonly others?: number;
};

/** What was measured, on a log of how many entries, and what is counted. */
export type Subject = { readonly what: string; readonly size: number | undefined; readonly unit: string };

/** A subject with all its samples. */
export type Row = Subject & { readonly value: Spread; readonly runs: number } & {
  readonly [K in 'p50' | 'p99' | 'micros' | 'ratio' | 'others']: number | undefined;
};

export class Results {
  readonly #samples = new Map<string, { subject: Subject; samples: Sample[] }>();

  add(what: string, size: number | undefined, unit: string, sample: Sample): void {
    const name = `${what}|${size}`;
    const known = this.#samples.get(name);
    if (known) known.samples.push(sample);
    else this.#samples.set(name, { subject: { what, size, unit }, samples: [sample] });
  }

  /** In the order in which subjects were first measured, all sizes of one after the other. */
  rows(): Row[] {
    const all = [...this.#samples.values()];
    const names = [...new Set(all.map(({ subject }) => subject.what))];
    return names.flatMap((what) => all.filter(({ subject }) => subject.what === what).map(toRow));
  }
}

function toRow({ subject, samples }: { subject: Subject; samples: readonly Sample[] }): Row {
  const median = (field: 'p50' | 'p99' | 'micros' | 'ratio' | 'others') => {
    const values = samples.flatMap((sample) => sample[field] ?? []);
    return values.length === 0 ? undefined : spreadOf(values).median;
  };
  return {
    ...subject,
    value: spreadOf(samples.map(({ value }) => value)),
    runs: samples.length,
    p50: median('p50'),
    p99: median('p99'),
    micros: median('micros'),
    ratio: median('ratio'),
    others: median('others'),
  };
}
