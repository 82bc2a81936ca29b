import { readFileSync } from 'node:fs';

const read = (name: string): string =>
  readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8');

/** Key and certificates of `posthorn.test`, for servers in tests. */
export const certificate = {
  key: read('key.pem'),
  cert: read('cert.pem'),
  expiredCert: read('expired-cert.pem'),
};
