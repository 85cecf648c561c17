/**
 * Hands alerts that are on disk to channels, each at least once: what a channel does not take is offered to it again in
 * the next round. The id of an alert is the same every time, so that whoever gets it twice can tell. @module
 */
import { messageOf } from '../core/fault.ts';
import type { Alert, AlertStore } from './memory.ts';

/** A way to tell people. `send` rejects if the alerts were not taken. */
export type Channel = {
  /** Names it in the store: another name is another channel, which is told everything anew. */
  readonly name: string;
  /** As many alerts as go together. */
  readonly batch: number;
  send(alerts: readonly Alert[]): Promise<void>;
};

/** A flood is told over several rounds. */
const MOST = 100;

/** Answers how many were handed over; `failed` is told of a channel that did not take what it was offered. */
export async function deliver(
  store: Pick<AlertStore, 'unsent' | 'sent'>,
  channels: readonly Channel[],
  failed: (channel: string, why: string) => void,
): Promise<number> {
  const counts = await Promise.all(
    channels.map(async (channel) => {
      const alerts = store.unsent(channel.name, MOST);
      let sent = 0;
      try {
        for (; sent < alerts.length; sent += channel.batch) {
          const some = alerts.slice(sent, sent + channel.batch);
          await channel.send(some);
          for (const { id } of some) store.sent(id, channel.name);
        }
      } catch (error) {
        failed(channel.name, messageOf(error));
      }
      return Math.min(sent, alerts.length);
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
