/**
 * Whether the log can be reached, as each request finds out. That nothing answers is told calmly and accuses nobody: a
 * connection that is down and a log that is being restarted look the same, and neither is a check that failed. @module
 */
import { Fault, messageOf } from '../core/fault.ts';
import type { Get } from '../core/reader.ts';

/** No answer came, or one that says only that there is none now. */
export const isUnreached = (error: unknown): boolean =>
  error instanceof Fault && (error.code === 'request-timeout' || error.code === 'pool-full');

/** For what may be missing: what does not verify is not there, but what was not answered may be. */
export function noneUnlessUnreached(error: unknown): undefined {
  if (isUnreached(error)) throw error;
  return undefined;
}

export class Line {
  /** Asks the log. */
  readonly get: Get;
  /** Whether the last request got no answer. */
  isLost = false;
  /** When it began last that there was none. */
  since: Date | undefined;
  /** When something was answered last. */
  answered: Date | undefined;
  /** Called when the line is lost, and when it is there again. */
  changed: () => void = () => {};
  readonly #now: () => Date;

  constructor(get: Get, now: () => Date) {
    this.#now = now;
    this.get = (path) => this.#heard(get(path));
  }

  /** A part of these pages, which lies where the log does. */
  load<T>(part: () => Promise<T>): Promise<T> {
    const loaded = part().catch((error: unknown) => {
      throw new Fault('request-timeout', `a part of these pages could not be fetched: ${messageOf(error)}`);
    });
    return this.#heard(loaded);
  }

  async #heard<T>(asked: Promise<T>): Promise<T> {
    try {
      const answer = await asked;
      this.#set(false);
      return answer;
    } catch (error) {
      this.#set(isUnreached(error));
      throw error;
    }
  }

  #set(isLost: boolean): void {
    if (!isLost) this.answered = this.#now();
    if (isLost === this.isLost) return;
    this.isLost = isLost;
    if (isLost) this.since = this.#now();
    this.changed();
  }
}
