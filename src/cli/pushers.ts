/** The mirrors that `limmat serve --push` sends to, with sockets and a clock. @module */
import { setTimeout as sleep } from 'node:timers/promises';
import { Pusher } from '../log/push.ts';
import { postBytes, timeLimit } from './fetched.ts';
import { parseBaseUrl } from './options.ts';

/** How long a mirror may take to store an upload, in milliseconds. */
const PATIENCE = 60_000;

type Tell = (what: string, message: string) => void;

export function pushersTo(urls: readonly string[], origin: string, trouble: Tell, news: Tell): Pusher[] {
  return urls.map((given) => {
    const url = parseBaseUrl('--push', given);
    return new Pusher({
      url,
      origin,
      post: postBytes,
      deadline: () => timeLimit(PATIENCE),
      sleep: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }).catch(() => {}),
      clock: () => new Date(),
      told: (problem) =>
        problem === undefined
          ? news('push', `the mirror ${url} is up to date again`)
          : trouble('push', `the mirror ${url} is not: ${problem}`),
    });
  });
}
