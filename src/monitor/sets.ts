/** Sets of names. @module */

/** Whether two lists have the same members, in whatever order. */
export function hasSameMembers(a: readonly string[], b: readonly string[]): boolean {
  const [first, second] = [new Set(a), new Set(b)];
  return first.size === second.size && [...first].every((one) => second.has(one));
}
