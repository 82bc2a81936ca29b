const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of a body; `undefined` for bytes that are no UTF-8. */
export function readText(body: Uint8Array): string | undefined {
  try {
    return decoder.decode(body);
  } catch {
    return undefined;
  }
}

/** The value of a JSON text; `undefined`, which is no JSON, for anything else. */
export function readJson(body: Uint8Array): unknown {
  const text = readText(body);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The members of a JSON object; none for any other value. */
export function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};
}
