import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RULES } from '../../src/registry/rule.ts';

test('every rule is in a table of refusals', () => {
  const folder = new URL('.', import.meta.url);
  const tables = readdirSync(folder)
    .map((name) => readFileSync(new URL(name, folder), 'utf8'))
    .filter((text) => text.includes("from './rows.ts'"));
  assert.ok(tables.length > 5, 'the tables were found');
  const untested = Object.keys(RULES).filter((rule) => !tables.some((text) => text.includes(`'${rule}',`)));
  assert.equal(untested, []);
});

test.run();
