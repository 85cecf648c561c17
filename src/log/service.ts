/** The log's end of the channel: takes submissions in, runs turns when there is something to do, sends answers. @module */
import {
  AnswerBox,
  type FromLog,
  keyOf,
  type Port,
  packFault,
  type ToLog,
  unpackIds,
  unpackOffers,
} from './channel.ts';
import { Log, type LogParts } from './log.ts';
import type { Publisher } from './publisher.ts';

/** How often the log looks whether it has something of its own to say, and may take in anything, in milliseconds. */
const OWN_WORK_EVERY = 10_000;

export type ServiceParts = {
  readonly port: Port;
  readonly log: Omit<LogParts, 'answer' | 'wake' | 'observe' | 'frozen' | 'readOnly'>;
  /** Makes loop 2 around the log. */
  readonly publisher: (log: Log, observe: (what: string, seconds: number) => void, settled: () => void) => Publisher;
  readonly stopped: () => void;
};

/** Opens the log and serves it until it is told to stop. */
export function serveLog({ port, log: parts, publisher: makePublisher, stopped }: ServiceParts): Log {
  const box = new AnswerBox();
  const send = (message: FromLog) => port.postMessage(message);
  const observe = (what: string, seconds: number, entries = 0) => box.observe(what, seconds, entries);
  const log = new Log({
    ...parts,
    answer: (ticket, outcome) => box.put(ticket, outcome),
    wake: () => publisher.wake(),
    observe,
    frozen: (fault, reason) => send({ type: 'frozen', fault: packFault(fault), reason }),
    readOnly: (fault) => send({ type: 'read-only', fault: fault && packFault(fault) }),
  });
  const publisher = makePublisher(log, observe, () => box.send(port));

  let scheduled = false;
  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      log.turn();
      box.send(port);
      if (log.pool.size > 0) schedule();
    });
  }

  async function stop(): Promise<void> {
    clearInterval(timer);
    while (log.pool.size > 0) log.turn();
    await publisher.stop();
    box.send(port);
    send({ type: 'stopped' });
    stopped();
  }

  port.on('message', (data) => {
    const message = data as ToLog;
    if (message.type === 'offers') {
      unpackOffers(message, (ticket, submission) => log.pool.offer(ticket, submission));
      box.take();
      schedule();
    } else if (message.type === 'locate') {
      const places = Array.from(unpackIds(message.ids), (id) => log.pool.locate(id, keyOf(id)));
      send({ type: 'located', tickets: message.tickets, places });
    } else {
      void stop();
    }
  });
  const timer = setInterval(() => {
    log.checkOpen();
    box.send(port); // to those who are abandoned if it froze
    if (log.hasWork()) schedule();
  }, OWN_WORK_EVERY);
  log.checkOpen();
  if (log.hasWork()) schedule();
  // A log of statements begins with its first two entries, so there is no checkpoint of less.
  if (log.head.size > 0 || parts.entries === 'opaque') publisher.wake();
  return log;
}
