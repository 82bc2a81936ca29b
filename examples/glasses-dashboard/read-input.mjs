/** What is asked of the backend, checked before anything comes of it. */

export class InputError extends Error {}

const MAX_BODY_BYTES = 16 * 1_024 * 1_024;

/**
 * @param {import('node:http').IncomingMessage} request
 * @returns {Promise<Record<string, unknown>>} no body is an empty one
 */
export async function readBody(request) {
  /** @type {Buffer[]} */
  const chunks = [];
  let bytes = 0;
  try {
    for await (const chunk of request) {
      bytes += chunk.length;
      if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
    }
  } catch {
    throw new InputError('body: the connection was lost');
  }
  if (bytes > MAX_BODY_BYTES) throw new InputError(`body: expected at most ${MAX_BODY_BYTES} bytes`);
  const body = parse(Buffer.concat(chunks).toString() || '{}');
  if (typeof body === 'object' && body !== null) return body;
  throw new InputError('body: expected a JSON object');
}

/**
 * @param {string} text
 * @returns {any}
 */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new InputError('body: expected JSON');
  }
}

/**
 * A name: short, on one line, with nothing that cannot stand in a URL.
 *
 * @param {string} field
 * @param {unknown} value
 */
export function readName(field, value) {
  if (typeof value === 'string' && /^[^\p{Cc}\p{Cs}]{1,200}$/u.test(value)) return value;
  throw new InputError(`${field}: expected 1 to 200 characters, on one line`);
}

/**
 * @param {string} field
 * @param {unknown} value
 */
export function readImage(field, value) {
  if (typeof value === 'string' && /^[A-Za-z0-9+/]+={0,2}$/.test(value)) return Buffer.from(value, 'base64');
  throw new InputError(`${field}: expected an image in base64`);
}

/**
 * @param {string} field
 * @param {unknown} value
 */
export function readImages(field, value) {
  if (Array.isArray(value) && value.length > 0)
    return value.map((image, index) => readImage(`${field}[${index}]`, image));
  throw new InputError(`${field}: expected a list of one image or more, in base64`);
}
