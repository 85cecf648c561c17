/** How long an idle log takes to answer a submission with its proof. @module */
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { verifyProof } from '../../src/client/offline.ts';
import { parseVkey } from '../../src/core/note.ts';
import { ask } from './ask.ts';
import { processorSeconds } from './machine.ts';
import type { Log } from './processes.ts';
import type { Results } from './results.ts';
import { percentile } from './statistics.ts';

/** Between two submissions, so that the log has come to rest. */
const PAUSE = 10;

/** Submits one after the other; every proof is verified with the pinned keys, outside of the time that counts. */
export async function measureIdle(
  log: Log,
  size: number,
  statements: Iterable<Uint8Array>,
  results: Results,
  how = '',
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const vkeys = log.vkeys.map(parseVkey);
  const took: number[] = [];
  const server = processorSeconds(log.pid);
  for (const statement of statements) {
    await sleep(PAUSE);
    const started = performance.now();
    const proof = await submit(agent, log.port, statement);
    took.push(performance.now() - started);
    verifyProof(proof, vkeys, statement);
  }
  agent.destroy();
  took.sort((a, b) => a - b);
  const [p50, p99] = [percentile(took, 0.5), percentile(took, 0.99)];
  const micros = ((processorSeconds(log.pid) - server) * 1e6) / took.length;
  results.add(`submit to an idle log, with proof${how}`, size, 'ms', { value: p50, p50, p99, micros });
}

function submit(agent: Agent, port: number, statement: Uint8Array): Promise<Uint8Array> {
  const headers = {
    'content-type': 'application/cose',
    accept: 'text/x.tlog-proof',
    'content-length': statement.length,
  };
  return ask({ agent, port, method: 'POST', path: '/entries', headers }, statement);
}
