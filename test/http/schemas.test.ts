import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { allSchemas } from '../../src/cli/schema.ts';
import { createApp } from '../../src/http/app.ts';
import { schemaRoutes } from '../../src/http/schemas.ts';
import { KIND_NAMES } from '../../src/registry/names.ts';

const watch = { count: () => {}, refused: () => {}, failed: () => {} };
const app = createApp(schemaRoutes(new Map(Object.entries(allSchemas()))), watch);

test('each kind has a schema, and the list leads to it', async () => {
  const list = await app.request('/schemas/');
  assert.is(list.headers.get('content-type'), 'application/json');
  const { schemas } = (await list.json()) as { schemas: { kind: string; schema: string }[] };
  assert.equal(
    schemas.map(({ kind }) => kind),
    [...KIND_NAMES],
  );
  for (const { kind, schema } of schemas) {
    assert.is(schema, `/schemas/${kind}.json`);
    const reply = await app.request(schema);
    assert.is(reply.status, 200);
    assert.is(reply.headers.get('content-type'), 'application/schema+json');
    assert.is(reply.headers.get('access-control-allow-origin'), '*');
    assert.match(reply.headers.get('cache-control') ?? '', /^public, max-age=\d+$/);
    assert.is(((await reply.json()) as { title: string }).title, `limmat ${kind}`);
  }
});

test('what is no kind has none', async () => {
  for (const path of [
    '/schemas/rumour.json',
    '/schemas/build',
    '/schemas/__proto__.json',
    '/schemas/build.json.json',
  ]) {
    assert.is((await app.request(path)).status, 404, path);
  }
});

test.run();
