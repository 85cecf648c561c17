/** The mirrors that `limmat serve --push` sends to, with sockets and a clock. @module */
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../core/fault.ts';
import { Pusher } from '../log/push.ts';
import { postBytes, timeLimit } from './fetched.ts';

/** How long a mirror may take to store an upload, in milliseconds. */
const PATIENCE = 60_000;

type Tell = (what: string, message: string) => void;

export function pushersTo(urls: readonly string[], origin: string, trouble: Tell, news: Tell): Pusher[] {
  return urls.map((given) => {
    const url = given.replace(/\/+$/, '');
    if (!URL.canParse(url)) throw new Fault('bad-request', `--push takes the URL of a mirror, not "${given}"`);
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
