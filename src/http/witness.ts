/** The two endpoints of C2SP tlog-witness: `POST /add-checkpoint` and `GET /<sha256(origin)>/checkpoint`. @module */
import { MAX_ADD_CHECKPOINT, SIZE_TYPE } from '../core/addcheckpoint.ts';
import { utf8 } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import type { Witness } from '../witness/witness.ts';
import { answers, type Described, HASH, inPath } from './describe.ts';
import { asText, type Handler, noBody, type Route } from './route.ts';
import { open } from './tiles.ts';

const addDescribed: Described = {
  summary: 'Cosigns a checkpoint that extends the one before (C2SP tlog-witness).',
  body: { 'text/plain': () => utf8('old 0\n\nlog.example\n1\n\n') },
  answers: {
    ...answers('Cosignature lines', 'text/plain'),
    409: { says: 'The size that is known', types: { [SIZE_TYPE]: {} } },
  },
};
const latestDescribed: Described = {
  summary: 'The latest cosigned checkpoint of a log.',
  parameters: [inPath('hash', 'SHA-256 of the origin of a log, in hexadecimal', HASH, () => '0'.repeat(64))],
  answers: answers('A signed note', 'text/plain'),
};

export function witnessRoutes(witness: Witness): Route[] {
  return [
    {
      method: 'POST',
      path: '/add-checkpoint',
      form: asText,
      limit: () => MAX_ADD_CHECKPOINT,
      handler: addCheckpointHandler(witness),
      hot: true,
      described: addDescribed,
    },
    {
      method: 'GET',
      path: '/:hash/checkpoint',
      form: asText,
      limit: noBody,
      handler: latestHandler(witness),
      hot: false,
      described: latestDescribed,
    },
  ];
}

const TEXT = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };

function addCheckpointHandler(witness: Witness): Handler {
  return (_, body) => {
    try {
      return { status: 200, headers: TEXT, body: witness.addCheckpoint(body) };
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'stale-size')) throw error;
      // SPEC: the body MUST consist of the tree size of the latest cosigned checkpoint in decimal, and a newline.
      return { status: 409, headers: { ...TEXT, 'content-type': SIZE_TYPE }, body: `${error.size}\n` };
    }
  };
}

function latestHandler(witness: Witness): Handler {
  return (ask) => ({
    status: 200,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache', ...open },
    body: witness.latest(ask.path.split('/')[1] ?? ''),
  });
}
