/** Reads JSON that strangers wrote: bounded, and each value is asked for by type and path. @module */
import { fromBase64, fromUtf8 } from '../../core/bytes.ts';
import { isTime } from '../../registry/time.ts';
import { wrong } from './provenance.ts';

export type JsonMap = { readonly [name: string]: unknown };

/** The map in a JSON file; `undefined` for text that is not even meant to be JSON. */
export function parseJsonMap(bytes: Uint8Array, path: string): JsonMap {
  return mapAt(parseJson(fromUtf8(bytes, 'bad-request'), path), path);
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return wrong(path, 'is not JSON');
  }
}

export function mapAt(value: unknown, path: string): JsonMap {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonMap;
  return wrong(path, 'must be a map');
}

export function listAt(value: unknown, path: string, max: number): readonly unknown[] {
  if (!Array.isArray(value)) return wrong(path, 'must be a list');
  if (value.length > max) wrong(path, `has ${value.length} items, and at most ${max} are read`);
  return value;
}

const MAX_TEXT = 8192;

export function textAt(value: unknown, path: string): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= MAX_TEXT) return value;
  return wrong(path, `must be a text of 1 to ${MAX_TEXT} characters`);
}

/** A value that may be missing; encoders of protobuf write empty texts and `null` for that. */
export function optionalAt<T>(value: unknown, path: string, read: (value: unknown, path: string) => T): T | undefined {
  return value === undefined || value === null || value === '' ? undefined : read(value, path);
}

/** Base64 in either alphabet, with or without padding. */
export function base64At(value: unknown, path: string): Uint8Array {
  if (typeof value !== 'string') return wrong(path, 'must be base64');
  const text = value
    .replaceAll('-', '+')
    .replaceAll('_', '/')
    .replace(/={1,2}$/, '');
  const padded = text + '='.repeat((4 - (text.length % 4)) % 4);
  if (text.length % 4 === 1 || !/^[A-Za-z0-9+/]*$/.test(text)) wrong(path, 'must be base64');
  return fromBase64(padded, 'bad-request');
}

const RFC3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

/** A time of RFC 3339 in the one form that entries have: UTC, and whole seconds. */
export function timeAt(value: unknown, path: string): string {
  const [, day, clock, zone] = RFC3339.exec(typeof value === 'string' ? value : '') ?? [];
  const asked = `${day}T${clock}`;
  // What Date makes of a day that does not exist is another day.
  if (isTime(`${asked}Z`)) {
    const at = new Date(`${asked}${zone?.toUpperCase()}`);
    const time = Number.isNaN(at.getTime()) ? '' : `${at.toISOString().slice(0, 19)}Z`;
    if (isTime(time)) return time;
  }
  return wrong(path, 'must be a time like 2018-11-13T00:00:00Z');
}
