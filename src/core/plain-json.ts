/** Values that are JSON already, and one text for all writings of the same value. */

/**
 * Whether `JSON.stringify` says all about a value: nothing in it is left out, emptied or converted. Members that are
 * `undefined` count as left out by intent.
 */
export function isPlainJson(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      return value === null || isPlainContainer(value);
    default:
      return false;
  }
}

function isPlainContainer(value: object): boolean {
  if (Array.isArray(value)) return value.every((item) => item !== undefined && isPlainJson(item));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  for (const key of Object.keys(value)) {
    // A toJSON of its own would speak for the object.
    if (key === 'toJSON' || !isPlainJson((value as Record<string, unknown>)[key])) return false;
  }
  return true;
}

/** JSON with the members of every object in one order. For values that {@link isPlainJson} accepts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
