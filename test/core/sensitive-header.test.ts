import { describe, expect, it } from 'vitest';
import { isSensitiveHeader } from '../../src/core/sensitive-header.ts';

describe('isSensitiveHeader', () => {
  it.each([
    ...['Authorization', 'proxy-authorization', 'X-Auth', 'Cookie', 'X-Session', 'X-JWT'],
    ...['X-Api-Key', 'apikey', 'X-Token', 'X-Access-Token', 'X-Client-Secret', 'X-Password', 'x-db-passwd'],
    ...['X-Credential', 'X-Passphrase', 'X-Hub-Signature-256', 'API_KEY', 'x-user-pwd'],
  ])('knows %s', (name) => {
    expect(isSensitiveHeader(name)).toBe(true);
  });

  it.each(['X-Source', 'X-Environment', 'Accept', 'Content-Type', 'X-Tenant', 'X-Region', 'Priority', ''])(
    'passes %s over',
    (name) => {
      expect(isSensitiveHeader(name)).toBe(false);
    },
  );
});
