/**
 * Reads what a log answers as JSON. Whoever answers may be anyone, so every member is asked for by its type before
 * anything is read of it. Members that nobody asks for are passed over: a newer log has more of them. @module
 */
import { fromUtf8 } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';

/** Whether a value is of a type. */
export type Is<T> = (value: unknown) => value is T;

/** The value of an answer, which `what` names. Fault `bad-request` if it is no JSON, or of another shape. */
export function readAnswer<T>(body: Uint8Array, what: string, is: Is<T>): T {
  const value = parse(fromUtf8(body, 'bad-request'));
  if (is(value)) return value;
  throw new Fault('bad-request', `the answer of the log is no ${what}`);
}

/** What is no JSON is `undefined`, which no JSON is. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const isText = (value: unknown): value is string => typeof value === 'string';
export const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';

/** A word of a list that a newer log may know more of: whoever branches on it has a way for all others. */
export const isWord = <T extends string>(): Is<T> => isText as Is<T>;

export function isList<T>(is: Is<T>): Is<readonly T[]> {
  return (value): value is readonly T[] => Array.isArray(value) && value.every(is);
}

/** What is asked of each member of an object. */
export type Members<T> = { readonly [K in keyof T]-?: Is<T[K]> };

export function isMap<T extends object>(members: Members<T>): Is<T> {
  const all = Object.entries(members) as [string, Is<unknown>][];
  return (value): value is T =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    all.every(([name, is]) => is((value as Readonly<Record<string, unknown>>)[name]));
}

/** For a member that may be missing, where JSON has no `undefined`. */
export function maybe<T>(is: Is<T>): Is<T> {
  return (value): value is T => value === undefined || is(value);
}
