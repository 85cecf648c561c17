import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { explained } from '../../src/cli/hints.ts';
import type { SignedStatement } from '../../src/core/cose.ts';
import { Fault } from '../../src/core/fault.ts';
import { faults } from '../check.ts';
import { BUILD, begun, building, enrol, keyEvent, SITE, say, type World } from '../registry/world.ts';

/** What is told to do next when this is refused, as a log tells it. */
function nextOf(world: World, statement: SignedStatement): string | undefined {
  const { rule, message } = faults('refused', () => world.judge(statement));
  const told = explained(new Fault('refused', `Rejected: ${rule}: ${message}`)) as Fault;
  assert.is(told.rule, rule);
  return /\nNext: (.*)$/.exec(told.message)?.[1];
}

const build = (more = {}) => say('bld', 'acme', 'build', { ...BUILD, ...more });
const after = (event: string, more = {}) => building().add(keyEvent('acme1', 'acme', 'bld', event, more));
const declare = (more = {}) => say('ops', 'acme', 'site', { event: 'declare', ...SITE, ...more });
const retired = () => building().add(say('ops', 'acme', 'site', { event: 'retire', ...SITE }));

test('what is told to do after a refusal follows its reason', () => {
  const enrolled = begun().add(enrol('acme1', 'acme', 'bld', 'build'));
  assert.match(nextOf(enrolled, build()) ?? '', /`limmat key activate`/);
  assert.match(nextOf(after('suspend'), build()) ?? '', /`limmat key resume`/);
  for (const ended of [after('retire'), after('revoke'), after('compromise', { since: 5 })])
    assert.match(nextOf(ended, build()) ?? '', /does not come back.*`limmat key enroll`/);
  assert.match(nextOf(building(), build({ site: 'atlantis' })) ?? '', /declare it first: `limmat submit site`/);
  assert.match(nextOf(retired(), build({ site: SITE.siteId })) ?? '', /does not come back: declare another/);
  const other = say('ops', 'acme', 'site', { event: 'retire', ...SITE, operator: 'Another AG' });
  assert.is(nextOf(building(), other), 'change the field and sign again');
  assert.match(nextOf(building(), declare({ note: 'once more' })) ?? '', /choose another id/);
});

test.run();
