/** `limmat schema`: what an entry of a kind may say, as JSON Schema for programs or as a page for people. @module */
import { type Command, Option } from 'commander';
import { Fault } from '../core/fault.ts';
import { jsonSchemaOf } from '../registry/jsonschema.ts';
import { type AdmittedKind, isAdmitted, KINDS } from '../registry/kinds.ts';
import { KIND_NAMES } from '../registry/names.ts';
import { command } from './options.ts';
import { referenceOf } from './reference.ts';

export function makeCommand(): Command {
  return command('schema', 'print what an entry of a kind may say, or of all kinds, as JSON unless as a page')
    .argument('[kind]', `one of ${KIND_NAMES.join(', ')}`)
    .addOption(new Option('--markdown', 'a page for people instead of JSON Schema').conflicts('json'))
    .action(printSchema);
}

function printSchema(kind: string | undefined, { markdown }: { markdown?: boolean }): void {
  if (kind !== undefined && !isAdmitted(kind)) {
    throw new Fault('bad-request', `there is no kind "${kind}": there are ${KIND_NAMES.join(', ')}`);
  }
  const kinds = kind === undefined ? KIND_NAMES : [kind];
  if (markdown) console.log(kinds.map((one) => referenceOf(one, KINDS[one])).join('\n'));
  else console.log(JSON.stringify(kind === undefined ? allSchemas() : jsonSchemaOf(kind), undefined, 2));
}

/** The JSON Schema of each kind by its name. */
export function allSchemas(): Record<AdmittedKind, object> {
  return Object.fromEntries(KIND_NAMES.map((kind) => [kind, jsonSchemaOf(kind)])) as Record<AdmittedKind, object>;
}
