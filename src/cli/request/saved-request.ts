/** Requests in files, byte for byte: what `listen --save` writes. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReceivedRequest } from './received-request.ts';

/** Writes a request into a file of its own, whose names are in the order of time. @returns its path */
export async function saveRequest(request: ReceivedRequest, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const instant = new Date(request.receivedAt ?? 0).toISOString().replaceAll(':', '');
  // What it holds is as private as the messages are.
  for (let number = 1; ; number += 1) {
    const path = join(folder, `${instant}-${String(number).padStart(3, '0')}.json`);
    try {
      await writeFile(path, serializeRequest(request), { flag: 'wx', mode: 0o600 });
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function serializeRequest({ receivedAt, method, path, rawHeaders, body }: ReceivedRequest): string {
  const saved = {
    received_at: receivedAt,
    method,
    path,
    headers: rawHeaders,
    body_base64: body.toString('base64'),
  };
  return `${JSON.stringify(saved, undefined, 2)}\n`;
}

/** The request in a text of such a file; `undefined` for any other text. */
export function parseSavedRequest(text: string): ReceivedRequest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const {
    received_at: receivedAt,
    method,
    path,
    headers,
    body_base64: body,
  } = value as Record<string, unknown>;
  if (typeof method !== 'string' || typeof path !== 'string' || typeof body !== 'string') return undefined;
  if (!isHeaders(headers) || !/^[A-Za-z0-9+/]*={0,2}$/.test(body)) return undefined;
  return {
    method,
    path,
    rawHeaders: headers,
    body: Buffer.from(body, 'base64'),
    receivedAt:
      typeof receivedAt === 'number' && !Number.isNaN(new Date(receivedAt).getTime())
        ? receivedAt
        : undefined,
  };
}

function isHeaders(value: unknown): value is readonly (readonly [string, string])[] {
  return (
    Array.isArray(value) &&
    value.every(
      (pair: unknown) =>
        Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string'),
    )
  );
}
