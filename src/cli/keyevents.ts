/** The events in the life of a key, as commands tell them: what each does, and the flags for the fields that it has. @module */
import { type Command, Option } from 'commander';
import { Fault } from '../core/fault.ts';
import { COMMON } from '../registry/common.ts';
import type { Json } from '../registry/json.ts';
import { KINDS, type Payload } from '../registry/kinds.ts';
import type { Field, MapNode, Node } from '../registry/schema.ts';
import type { Fields } from './draft.ts';
import { required } from './options.ts';

export type KeyEventName = Payload<'key'>['event'];

/** What each event does, after "limmat key EVENT:", and in the past for those who approve it. */
export const EVENTS: Readonly<Record<KeyEventName, { readonly does: string; readonly effect: string }>> = {
  enroll: { does: 'bring a new key into the log', effect: 'is known to the log, and cannot sign yet' },
  activate: { does: 'let an enrolled key sign', effect: 'can sign from then on' },
  suspend: { does: 'stop a key for the time being', effect: 'cannot sign until it is resumed' },
  resume: { does: 'undo a suspension', effect: 'is again what it was before it was suspended' },
  supersede: { does: 'let another key take its place', effect: 'gives way to its successor' },
  retire: { does: 'end a key that is no longer needed', effect: 'never signs again; what it signed stays good' },
  revoke: { does: 'end a key that should not be trusted', effect: 'never signs again' },
  compromise: { does: 'say that others have a key', effect: 'never signs again; what it signed since is tainted' },
  destroy: { does: 'say that the last copy is gone', effect: 'is gone' },
};

/** The events from which a key comes back, so that they can happen more than once; the others end what was before. */
export function canHappenAgain(event: KeyEventName): boolean {
  return event === 'suspend' || event === 'resume';
}

const SAYS: Readonly<Record<string, string>> = {
  notAfter: 'the last moment at which it can sign',
  site: 'the site at which it is kept',
  protection: 'how it is kept, like "smart card"',
  reason: 'why',
  successor: 'the keyId of the active key that takes its place',
  overlapUntil: 'until when both can sign (default: the old key stops at once)',
  since: 'the index of the first entry that may be by others; the key itself does not give it',
  method: 'how it was destroyed',
};

/** Fields that the key or its proof says, and those that `withCommon` adds. */
const ELSEWHERE = ['event', 'keyId', 'publicKey', 'purpose', 'proof', ...Object.keys(COMMON)];

/** The fields of an event that are its own. */
function ownFields(event: KeyEventName): Field[] {
  const { schema } = KINDS.key;
  const map = schema.type === 'cases' ? (schema.of.get(event) as MapNode) : undefined;
  return [...(map?.fields.values() ?? [])].filter(({ name }) => !ELSEWHERE.includes(name));
}

export function withEventFields(command: Command, event: KeyEventName): Command {
  for (const { name, node } of ownFields(event)) {
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const option = new Option(`--${flag} <${node.type}>`, SAYS[name] as string);
    command.addOption(node.type === 'enum' ? option.choices(node.values) : option);
  }
  return command;
}

/** The fields that the flags say. Fault `bad-request` for one that is needed and missing. */
export function eventFields(event: KeyEventName, options: Readonly<Record<string, unknown>>): Fields {
  const given = ownFields(event).flatMap(({ name, node, required: isNeeded }): [string, Json][] => {
    const text = isNeeded ? required(options, name) : (options[name] as string | undefined);
    return text === undefined ? [] : [[name, fieldValue(name, node, text)]];
  });
  if (event === 'destroy' && options.evidence === undefined) {
    throw new Fault('bad-request', '--evidence is missing: the record of the destruction, whose digest is logged');
  }
  return { event, ...Object.fromEntries(given) };
}

function fieldValue(name: string, node: Node, text: string): Json {
  if (node.type !== 'integer') return text;
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  throw new Fault('bad-request', `--${name} takes the index of an entry, not "${text}"`);
}
