/** Results for people and for programs: lines of names and values, or one JSON object. @module */
import { toHex } from '../core/bytes.ts';

/** Prints an object as JSON, or as aligned lines; values that are `undefined` are left out. */
export function print(json: boolean | undefined, result: Record<string, unknown>): void {
  if (json) {
    console.log(JSON.stringify(result, (_, value: unknown) => (value instanceof Uint8Array ? toHex(value) : value)));
    return;
  }
  console.log(visible(lines(result).join('\n')));
}

function lines(result: Record<string, unknown>, indent = ''): string[] {
  const given = Object.entries(result).filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...given.map(([name]) => name.length));
  return given.flatMap(([name, value]) => entry(name, value, indent, width));
}

function entry(name: string, value: unknown, indent: string, width: number): string[] {
  const label = `${indent}${name.padEnd(width)}  `;
  if (value instanceof Uint8Array) return [label + shortened(toHex(value))];
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) {
    return value.length === 0
      ? [`${label}none`]
      : value.map((item, i) => (i === 0 ? label : ' '.repeat(label.length)) + shortened(String(item)));
  }
  if (Array.isArray(value))
    return value.flatMap((item, i) => [
      `${indent}${name} ${i}`,
      ...lines(item as Record<string, unknown>, `${indent}  `),
    ]);
  if (typeof value === 'object' && value !== null)
    return [`${indent}${name}`, ...lines(value as Record<string, unknown>, `${indent}  `)];
  return String(value)
    .split('\n')
    .map((line, i) => (i === 0 ? label : ' '.repeat(label.length)) + shortened(line));
}

/** What is shown may come from strangers, who must not move the cursor, nor turn the direction of what is read. */
export function visible(text: string): string {
  return text.replace(/[^\P{Cc}\n]|\p{Bidi_Control}/gu, (c) => `\\u{${(c.codePointAt(0) as number).toString(16)}}`);
}

/** Keys and signatures are longer than anyone reads; `--json` has them whole. Sentences and commands stay as they are. */
function shortened(text: string): string {
  return text.length > 160 && !text.includes(' ') ? `${text.slice(0, 140)}… (${text.length} characters)` : text;
}
