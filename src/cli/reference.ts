/** The reference page of a kind in Markdown, made from its schema: one table of fields, and one for each case. @module */
import type { MapNode, Node, Schema } from '../registry/schema.ts';

export function referenceOf(kind: string, { schema, about }: { schema: Schema; about: string }): string {
  const lines = [`## ${kind}`, '', about, ''];
  if (schema.type === 'map') lines.push(table(fieldsOf(schema)));
  if (schema.type === 'cases') lines.push(...casesOf(schema.by, schema.of));
  return `${lines.join('\n')}\n`;
}

/** What all cases take stands first and once; cases that take the same beside it stand together. */
function casesOf(by: string, cases: ReadonlyMap<string, MapNode>): string[] {
  const all = [...cases].map(([value, node]) => ({ value, fields: fieldsOf(node).filter(({ name }) => name !== by) }));
  const isCommon = ({ text }: Shown) => all.every(({ fields }) => fields.some((field) => field.text === text));
  const common = (all[0]?.fields ?? []).filter(isCommon);
  const groups = new Map<string, string[]>();
  for (const { value, fields } of all) {
    const own = table(fields.filter((field) => !isCommon(field)));
    groups.set(own, [...(groups.get(own) ?? []), `\`${value}\``]);
  }
  const sections = [...groups].map(([own, values]) => `### ${by}: ${values.join(', ')}\n\n${own}`);
  return [`Every ${by} takes:`, '', table(common), ...sections];
}

type Shown = { readonly name: string; readonly text: string };

function table(fields: readonly Shown[]): string {
  if (fields.length === 0) return 'Nothing else.\n';
  return ['| field | | what it holds | |', '|---|---|---|---|', ...fields.map(({ text }) => text), ''].join('\n');
}

/** A row for each field, and for the fields inside it below it. */
function fieldsOf({ fields, someOf }: MapNode, path = ''): Shown[] {
  return [...fields.values()].flatMap(({ name, required, node }) => {
    const full = `${path}${name}`;
    const needed = required ? 'required' : someOf?.includes(name) ? `one of ${someOf.join(', ')}` : '';
    const text = `| \`${full}\` | ${needed} | ${describe(node)} | ${node.doc ?? ''} |`.replaceAll('  ', ' ');
    return [{ name: full, text }, ...fieldsOf(inner(node), `${full}${node.type === 'list' ? '[]' : ''}.`)];
  });
}

const NOTHING: MapNode = { type: 'map', fields: new Map() };
/** Nodes that have a name explain themselves once, by it. */
const EXPLAINED = new Set(['ref', 'evidence', 'digests', 'sourceDigests']);

function inner(node: Node): MapNode {
  if (node.def !== undefined && EXPLAINED.has(node.def)) return NOTHING;
  if (node.type === 'list') return inner(node.of);
  return node.type === 'map' ? node : NOTHING;
}

function describe(node: Node): string {
  if (node.def !== undefined) return node.def;
  switch (node.type) {
    case 'text':
      return node.says ?? `text of at most ${node.max} characters`;
    case 'bytes':
      return node.lengths === undefined ? `at most ${node.max} bytes` : `${node.lengths.join(' or ')} bytes`;
    case 'integer':
      return `an integer from ${node.min} to ${node.max}`;
    case 'enum':
      return node.values.map((value) => `\`${value}\``).join(', ');
    case 'list':
      return `${node.min} to ${node.max}${node.distinct ? ' different' : ''} of: ${describe(node.of)}`;
    case 'map':
    case 'cases':
      return 'a map';
    default:
      return node.type;
  }
}
