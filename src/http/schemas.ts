/** `GET /schemas/<kind>.json`: what an entry of a kind looks like in JSON, and `GET /schemas/`: which there are. @module */
import { Fault } from '../core/fault.ts';
import { answers, arrayOf, type Described, inPath, object } from './describe.ts';
import { asAccepted, type Handler, noBody, type Route } from './route.ts';
import { open } from './tiles.ts';

const FOLDER = '/schemas/';

const text = { type: 'string' };
const listDescribed: Described = {
  summary: 'The kinds of entries, and where the schema of each is.',
  answers: answers('A list', 'application/json', object({ schemas: arrayOf(object({ kind: text, schema: text })) })),
};
const schemaDescribed: Described = {
  summary: 'The JSON Schema of a kind of entry.',
  parameters: [
    inPath('file', 'The kind, and .json', { type: 'string', pattern: '^[a-z]+\\.json$' }, () => 'build.json'),
  ],
  answers: answers('A JSON Schema, draft 2020-12', 'application/schema+json', { type: 'object' }),
};

/** `schemas`: the JSON Schema of each kind, as it is served. They are fixed as long as the software is. */
export function schemaRoutes(schemas: ReadonlyMap<string, object>): Route[] {
  const get = { method: 'GET', form: asAccepted, limit: noBody, hot: false } as const;
  return [
    { ...get, path: FOLDER, handler: listHandler([...schemas.keys()]), described: listDescribed },
    { ...get, path: `${FOLDER}:file`, handler: schemaHandler(schemas), described: schemaDescribed },
  ];
}

const headers = (type: string) => ({ 'content-type': type, 'cache-control': 'public, max-age=3600', ...open });

function listHandler(kinds: readonly string[]): Handler {
  const list = kinds.map((kind) => ({ kind, schema: `${FOLDER}${kind}.json` }));
  const body = JSON.stringify({ schemas: list });
  return () => ({ status: 200, headers: headers('application/json'), body });
}

function schemaHandler(schemas: ReadonlyMap<string, object>): Handler {
  const bodies = new Map([...schemas].map(([kind, schema]) => [`${FOLDER}${kind}.json`, JSON.stringify(schema)]));
  return (ask) => {
    const body = bodies.get(ask.path);
    if (body === undefined)
      throw new Fault('unknown-resource', `there is no such schema: ${FOLDER} lists those there are`);
    return { status: 200, headers: headers('application/schema+json'), body };
  };
}
