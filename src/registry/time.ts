/**
 * Times as entries hold them, RFC 3339 in UTC with seconds: `2018-11-13T00:00:00Z`. There is one form for each, so
 * that text order is the order in time. No clock is read here. @module
 */
export const TIME_FORM = /^(19[7-9]\d|[2-9]\d{3})-(0[1-9]|1[0-2])-(\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)Z$/;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** Whether it is such a time, from 1970 to 9999; a leap second is not. */
export function isTime(text: string): boolean {
  const [matched, year, month, day] = TIME_FORM.exec(text) ?? [];
  if (matched === undefined) return false;
  const leap = Number(year) % 4 === 0 && (Number(year) % 100 !== 0 || Number(year) % 400 === 0);
  const days = month === '02' && leap ? 29 : (DAYS[Number(month) - 1] as number);
  return Number(day) >= 1 && Number(day) <= days;
}

/** Seconds from one time to another. */
export function secondsBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}
