/** How much a run of the benchmark measures. @module */

export type Scale = {
  /** Sizes of the logs to measure on, ascending. */
  readonly sizes: readonly number[];
  readonly rounds: number;
  /** Length of one measurement under load. */
  readonly seconds: number;
  /**
   * Length of the load of statements before, one by one and in batches, that lets a server compile what it will run. In
   * its first two seconds it takes in about half of what it does later; one with witnesses, whose code runs only 20 times
   * a second, gets faster for longer than this.
   */
  readonly warming: number;
  /** Connections that submit single entries, and those that submit batches. */
  readonly singles: readonly number[];
  readonly batches: readonly number[];
  /** How often two logs are measured in turn, each time for a part of the seconds: a noisy minute spoils both alike. */
  readonly turns: number;
  /** Submissions to an idle log, one after the other. */
  readonly idle: number;
  /** Seconds to wait for a quiet moment before a round. */
  readonly patience: number;
};

export const BATCH = 256;
/** More of them would be more entries than a log lets wait. */
const MOST_BATCHES = 48;

export const WHOLE: Scale = {
  sizes: [10_000, 100_000, 1_000_000],
  rounds: 3,
  seconds: 2,
  warming: 8,
  singles: [1, 64, 256],
  batches: [16, 1, MOST_BATCHES],
  turns: 3,
  idle: 200,
  patience: 20,
};

export const QUICK: Scale = {
  sizes: [10_000],
  rounds: 1,
  seconds: 0.4,
  warming: 0.4,
  singles: [1, 256],
  batches: [16],
  turns: 1,
  idle: 20,
  patience: 0,
};
