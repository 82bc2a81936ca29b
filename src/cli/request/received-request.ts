/** A request that was received: now, or earlier and then saved. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly path: string;
  /** Names and values as they came, in order. */
  readonly rawHeaders: readonly (readonly [name: string, value: string])[];
  /** The bytes of the body. */
  readonly body: Buffer;
  /** Epoch ms; `undefined` where nobody wrote it down. */
  readonly receivedAt: number | undefined;
}

/** The first value of a header; its name in lower case. */
export function headerOf(
  { rawHeaders }: Pick<ReceivedRequest, 'rawHeaders'>,
  name: string,
): string | undefined {
  return rawHeaders.find(([given]) => given.toLowerCase() === name)?.[1];
}

/** The text of a body; `undefined` for bytes that are no UTF-8. */
export function textOf(body: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return undefined;
  }
}

/** The value of a body that is JSON; `undefined` for any other. */
export function jsonOf(body: Uint8Array): unknown {
  const text = textOf(body);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
