/**
 * Takes care of a promise where none belongs: code of the host that was to answer at once, or not at all, may be an
 * async function, and its rejection must not become an unhandled one of the host's process.
 *
 * @returns whether `value` was a promise, or something like it
 */
export function catchRejection(value: unknown, onRejected: (reason: unknown) => void): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { then } = value as { then?: unknown };
  if (typeof then !== 'function') return false;
  Promise.resolve(value).catch(onRejected);
  return true;
}
