/** A witness process that is killed at its write: before it, or after it and before the answer. */
import { openWitnessStore } from '../../src/store/witness.ts';
import { Witness } from '../../src/witness/witness.ts';
import { COSIGNERS, requestOf } from './testlog.ts';

const [, , path = '', write, now] = process.argv;
const store = openWitnessStore(path);
const witness = new Witness({
  store: {
    log: (origin) => store.log(origin),
    originOf: (hash) => store.originOf(hash),
    origins: () => store.origins(),
    keep: (evidence, max) => store.keep(evidence, max),
    advance(origin, from, to) {
      const done = write === 'kept' && store.advance(origin, from, to);
      process.kill(process.pid, 'SIGKILL');
      return done;
    },
  },
  cosigners: COSIGNERS,
  clock: () => new Date(1000 * Number(now)),
  alarm: () => {},
});
process.stdout.write(witness.addCheckpoint(requestOf(5, 9)));
