/** Debian `.buildinfo` files, deb-buildinfo(5), signed or not: what a package build was made of and what came out. @module */
import { fromUtf8 } from '../../core/bytes.ts';
import { isTime } from '../../registry/time.ts';
import { MAX_SUBJECTS, type Provenance, readDigest, type Subject, wrong } from './provenance.ts';

const ARMOR = '-----BEGIN PGP SIGNED MESSAGE-----';
const SIGNATURE = '-----BEGIN PGP SIGNATURE-----';

/** Whether it begins like one. */
export function isBuildinfo(text: string): boolean {
  return text.startsWith(ARMOR) || /^Format:/im.test(text.slice(0, 4096));
}

export function readBuildinfo(bytes: Uint8Array): Provenance {
  const fields = readParagraph(withoutArmor(fromUtf8(bytes, 'bad-request').replaceAll('\r\n', '\n')));
  const format = field(fields, 'Format');
  if (!/^(?:0\.[12]|1\.[0-9]+)$/.test(format)) wrong('Format', `is ${format.slice(0, 32)}, and 1.0 is read`);
  const [, product] = /^([a-z0-9][a-z0-9+.-]+)(?: \([^()\s]+\))?$/.exec(field(fields, 'Source')) ?? [];
  if (product === undefined) wrong('Source', 'must be the name of a source package');
  const version = field(fields, 'Version');
  if (!/^[A-Za-z0-9.+:~-]+$/.test(version)) wrong('Version', 'must be a version of a package');
  const date = fields.get('build-date');
  return {
    mediaType: 'text/x-debian-buildinfo',
    subjects: readChecksums(field(fields, 'Checksums-Sha256')),
    product,
    version,
    ...(date === undefined ? {} : { finishedOn: readDate(date) }),
  };
}

/** The text that was signed, RFC 9580 §7. The signature is not checked: it is by a person, whose key nobody gave. */
function withoutArmor(text: string): string {
  if (!text.startsWith(ARMOR)) return text;
  const from = text.indexOf('\n\n');
  const to = text.indexOf(`\n${SIGNATURE}`);
  if (from < 0 || to < from) wrong('the signed message', `must end with ${SIGNATURE}`);
  return text.slice(from + 2, to + 1).replace(/^- /gm, '');
}

/** The one paragraph of a file, deb822(5): values by field name in lower case. */
function readParagraph(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let last: string | undefined;
  for (const line of text.trimEnd().split('\n')) {
    if (line.startsWith('#')) continue;
    if (line.trim() === '') wrong('it', 'must be one paragraph, and has an empty line in it');
    if (/^[ \t]/.test(line)) {
      if (last === undefined) return wrong('its first line', 'must be a field');
      fields.set(last, `${fields.get(last)}\n${line.trim()}`);
      continue;
    }
    const [, name, value] = /^([!-9;-~]+):(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return wrong(`the line "${line.slice(0, 32)}"`, 'is not a field');
    last = name.toLowerCase();
    if (fields.has(last)) wrong(name.slice(0, 32), 'stands there twice');
    fields.set(last, value.trim());
  }
  return fields;
}

function field(fields: ReadonlyMap<string, string>, name: string): string {
  const value = fields.get(name.toLowerCase());
  return value === undefined || value === '' ? wrong(name, 'is missing') : value;
}

function readChecksums(value: string): Subject[] {
  const lines = value.split('\n').filter((line) => line !== '');
  if (lines.length > MAX_SUBJECTS) wrong('Checksums-Sha256', `has more than ${MAX_SUBJECTS} files`);
  return lines.map((line) => {
    const [, hex, name] = /^([0-9a-f]+) +[0-9]+ +([^\s/]+)$/.exec(line) ?? [];
    if (hex === undefined || name === undefined)
      return wrong('Checksums-Sha256', 'must be lines of digest, size, name');
    return { name, digests: { sha256: readDigest('sha256', hex, 'Checksums-Sha256') as Uint8Array } };
  });
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const RFC5322 = /^(?:[A-Z][a-z]{2}, )?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)$/;

/** A date as in changelogs, `Sun, 07 Jun 2015 20:06:01 +0000`. */
function readDate(text: string): string {
  const [, day = '', month = '', year, clock, hours, minutes] = RFC5322.exec(text) ?? [];
  const number = MONTHS.indexOf(month) + 1;
  const asked = `${year}-${String(number).padStart(2, '0')}-${day.padStart(2, '0')}T${clock}`;
  if (isTime(`${asked}Z`)) {
    const at = new Date(`${asked}${hours}:${minutes}`);
    const time = Number.isNaN(at.getTime()) ? '' : `${at.toISOString().slice(0, 19)}Z`;
    if (isTime(time)) return time;
  }
  return wrong('Build-Date', 'must be a date like Sun, 07 Jun 2015 20:06:01 +0000');
}
