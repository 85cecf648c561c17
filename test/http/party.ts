/** A monitor that knows a tree of the watched log, as a party to the exchange of heads. */
import { join } from 'node:path';
import { concat } from '../../src/core/bytes.ts';
import { Fault } from '../../src/core/fault.ts';
import { append, EMPTY_EDGE, rootOf } from '../../src/core/tree.ts';
import { Monitor } from '../../src/monitor/monitor.ts';
import { Party } from '../../src/monitor/party.ts';
import { edgeLeaves } from '../../src/monitor/tree.ts';
import { EMPTY_WATCH } from '../../src/monitor/watch.ts';
import { openMonitorStore } from '../../src/store/monitor.ts';
import { folder } from '../folder.ts';
import { COSIGNERS, LOG_KEYS, leaves, noteOf, ORIGIN } from '../witness/testlog.ts';

/** `arrived` is called for each head that may be worth a round. */
export function monitorOf(size: number, arrived: () => void = () => {}) {
  const store = openMonitorStore(join(folder(), 'monitor.db'));
  const { edge } = append(EMPTY_EDGE, concat(...leaves(size)));
  const known = { size, root: rootOf(edge), edge: edgeLeaves(edge), note: noteOf(size), looked: size };
  store.commit(ORIGIN, store.known(ORIGIN), { known });
  const sources = { copies: [], witnesses: [], peers: [], distributors: [], most: 0 };
  const vkeys = LOG_KEYS.map(({ vkey }) => vkey);
  const keys = { origin: ORIGIN, vkeys, witnesses: COSIGNERS.map(({ vkey }) => vkey) };
  const monitor = new Monitor({
    logs: [{ keys, policy: undefined, copies: [], sources, freshness: 3600 }],
    store,
    ask: () => Promise.reject(new Fault('request-timeout', 'nobody is there')),
    clock: () => new Date(),
    pick: () => 0,
    watch: () => EMPTY_WATCH,
    grace: 0,
    startAtEnd: false,
    note: () => {},
  });
  return { store, monitor, party: new Party(monitor, store, arrived) };
}
