import { OptionsError } from '../errors.ts';

/** Most metadata of a message or an endpoint, as bytes of JSON. */
const MAX_METADATA_BYTES = 16 * 1024;

const encoder = new TextEncoder();

/**
 * @param json metadata as JSON text
 * @throws OptionsError that says how large it is
 */
export function checkMetadataSize(json: string, path: string): void {
  const bytes = encoder.encode(json).length;
  if (bytes <= MAX_METADATA_BYTES) return;
  throw new OptionsError(
    path,
    `${path}: expected at most ${MAX_METADATA_BYTES} bytes of JSON, got ${bytes}. Keep the rest on your side, under a key that is here.`,
  );
}
