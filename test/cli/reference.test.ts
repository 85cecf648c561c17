import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { referenceOf } from '../../src/cli/reference.ts';
import { KINDS } from '../../src/registry/kinds.ts';
import { KIND_NAMES } from '../../src/registry/names.ts';
import { fieldsOf } from '../../src/registry/schema.ts';

test('every field of every kind is in the page', () => {
  for (const kind of KIND_NAMES) {
    const { schema } = KINDS[kind];
    const page = referenceOf(kind, KINDS[kind]);
    const cases =
      schema.type === 'cases' ? [...schema.of.keys()].map((value) => new Map([[schema.by, value]])) : [new Map()];
    for (const given of cases) {
      for (const name of fieldsOf(schema, given).keys()) {
        if (schema.type === 'cases' && name === schema.by) assert.match(page, `### ${name}: `);
        else assert.match(page, `| \`${name}\` |`, `${kind}.${name}`);
      }
    }
    for (const line of page.split('\n').filter((text) => text.startsWith('|')))
      assert.is(line.split('|').length, 6, line);
  }
});

test('what cases share stands once, and what is their own with them', () => {
  const page = referenceOf('relocation', KINDS.relocation);
  assert.is(page.split('| `relocationId` |').length, 2);
  assert.match(page, /### phase: `announced`\n\n.*\n.*\n\| `due` \| required \| time \| when it is promised/);
  assert.match(page, '| `accessFrom.after[].class` | required | `none`, `break-glass`, `routine` | |');
  assert.match(referenceOf('review', KINDS.review), '| `source` | one of refs, source | 1 to 64 of: a map |');
});

test.run();
