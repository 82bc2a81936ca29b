import { OptionsError } from '../errors.ts';
import { jsonDepth } from './json-depth.ts';

/** Most metadata of a message or an endpoint, as bytes of JSON. */
const MAX_METADATA_BYTES = 16 * 1024;
/** Stores walk metadata by recursion. What they cannot write would be tried again for ever, in front of everything else. */
const MAX_METADATA_DEPTH = 64;

const encoder = new TextEncoder();

/**
 * @param json metadata as JSON text
 * @throws OptionsError that says how large, or how deep, it is
 */
export function checkMetadataSize(json: string, path: string): void {
  const bytes = encoder.encode(json).length;
  if (bytes > MAX_METADATA_BYTES)
    throw new OptionsError(
      path,
      `${path}: expected at most ${MAX_METADATA_BYTES} bytes of JSON, got ${bytes}. Keep the rest on your side, under a key that is here.`,
    );
  const depth = jsonDepth(json);
  if (depth > MAX_METADATA_DEPTH)
    throw new OptionsError(
      path,
      `${path}: expected at most ${MAX_METADATA_DEPTH} levels of objects and lists, got ${depth}. Flatten it.`,
    );
}
