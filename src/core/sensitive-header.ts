/** Parts of names by which headers that carry credentials are known. One too many costs nothing. */
const SENSITIVE =
  /auth|cookie|credential|jwt|key|passphrase|password|passwd|pwd|secret|session|signature|token/i;

/**
 * Whether the value of a header is probably a credential, by its name: `Authorization`, `X-Api-Key`, `X-Session-Token`.
 * Such values are encrypted at rest, and shown to nobody.
 */
export function isSensitiveHeader(name: string): boolean {
  return SENSITIVE.test(name);
}
