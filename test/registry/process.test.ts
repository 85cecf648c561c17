import { test } from 'uvu';
import type { Payload } from '../../src/registry/kinds.ts';
import { judgeRows } from './rows.ts';
import { enrol, keyEvent, map, PROCESS, processing, raw, say } from './world.ts';

const process = (more: Partial<Payload<'process'>> = {}, header = {}) =>
  say('ops', 'acme', 'process', { ...PROCESS, processId: 'rules', ...more }, header);
const retire = (more: Partial<Payload<'process'>> = {}) => process({ processId: 'samples', event: 'retire', ...more });
const retired = () => processing().add(retire());

const rawProcess = (dataCategories: string[]) =>
  raw('ops', 'process', map({ event: 'declare', processId: 'rules', title: 'x', dataCategories }), {
    iss: 'acme',
    sub: 'process:rules',
  });

/** The operator can declare processes too. */
const operatorToo = () =>
  processing().add(enrol('op1', 'op', 'opops', 'operations'), keyEvent('op1', 'op', 'opops', 'activate'));

judgeRows([
  ['subject', 'another process', processing, () => process({}, { sub: 'process:samples' }), () => process()],
  ['audience', 'none', processing, () => process({}, { aud: undefined }), () => process()],
  ['key-purpose', 'a build key', processing, () => say('bld', 'acme', 'process', PROCESS), () => process()],
  ['taken', 'a processId', processing, () => process({ processId: 'samples', note: 'again' }), () => process()],
  ['taken', 'that of a retired one', retired, () => process({ processId: 'samples', note: 'again' }), () => process()],
  [
    'taken',
    'a processId, by the same organisation alone',
    operatorToo,
    () => process({ processId: 'samples', note: 'again' }),
    () => say('opops', 'op', 'process', PROCESS),
  ],
  ['process', 'retired and never declared', processing, () => process({ event: 'retire' }), () => retire()],
  [
    'process',
    'retired by another organisation',
    operatorToo,
    () => say('opops', 'op', 'process', { ...PROCESS, event: 'retire' }),
    () => retire(),
  ],
  ['process', 'retired under another title', processing, () => retire({ title: 'Analysis' }), () => retire()],
  ['process', 'retired with other data', processing, () => retire({ dataCategories: ['file-sample'] }), () => retire()],
  ['transition', 'retired twice', retired, () => retire({ note: 'again' }), () => process()],
  [
    'schema',
    'a category twice',
    processing,
    () => rawProcess(['file-sample', 'file-sample']),
    () => rawProcess(['file-sample', 'hash']),
  ],
]);

test.run();
